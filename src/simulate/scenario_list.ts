// The scenarios that are part of the program.

import commute from "./scenarios/commute.yaml" with { type: "text" };
import flappingWifi from "./scenarios/flapping_wifi.yaml" with { type: "text" };
import offlineDay from "./scenarios/offline_day.yaml" with { type: "text" };
import overnightSolar from "./scenarios/overnight_solar.yaml" with { type: "text" };
import rebootInSession from "./scenarios/reboot_in_session.yaml" with { type: "text" };
import twoCars from "./scenarios/two_cars.yaml" with { type: "text" };

/** Their texts, by the names under which `--scenario` knows them. */
export const SCENARIOS: ReadonlyMap<string, string> = new Map([
  ["commute", commute],
  ["overnight-solar", overnightSolar],
  ["flapping-wifi", flappingWifi],
  ["reboot-in-session", rebootInSession],
  ["offline-day", offlineDay],
  ["two-cars", twoCars],
]);
