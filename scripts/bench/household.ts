// A household that has much to say: five backends, sensors, and fifty rules of which the last decides.

/** Those that ask for control; the first one holds it. */
export const ASKING = ["evcc", "employer", "neighbour", "dispatch"] as const;

/** The backend about which the owner is asked. */
export const ANNOUNCED = "guest";

/** The fact that the last rule looks at, and the name of that rule. */
export const HOUSE_POWER = "sensor.house_power";
export const LAST_RULE = "gentle while the house draws a lot";

/** Values of HOUSE_POWER, W, with which the last rule matches and does not. */
export const MUCH_POWER = "6200";
export const LITTLE_POWER = "1400";

/** How many rules there are. */
export const RULES = 50;

/** What is known of the house besides; with it, only the last rules match, at any time of day. */
export const FACTS: Readonly<Record<string, HouseFact>> = {
  "person.visitor": { value: "not_home" },
  "binary_sensor.storm": { value: "off" },
  "binary_sensor.workshop": { value: "off" },
  "sensor.phase_current": { value: "11.4" },
  "sensor.battery": { value: "64", attributes: { charging: false, power: -850 } },
  "sensor.grid_price": { value: "0.2431", attributes: { lowest_today: 0.118 } },
};

interface HouseFact {
  readonly value: string;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

/** Backends and their tariff as YAML: a household without rules. */
export function backends(): string {
  const list = [...ASKING, ANNOUNCED].map((id) =>
    `  - { id: ${id}, token: ${tokenOf(id)}, role: controller, tariff: shared }\n`
  );
  return `tariffs:
  - { name: shared, energy_per_kwh: 0.29, times: [{ hours: "22:00-06:00", energy_per_kwh: 0.21 }] }
backends:
${list.join("")}`;
}

export function tokenOf(backendId: string): string {
  return `token-of-${backendId}`;
}

/** Rules as YAML, with which every decision looks at all of the rules. */
export function rules(): string {
  const before = [
    `name: guests are announced, backends: [${ANNOUNCED}], then: ask, ask_timeout_s: 86400`,
    ...ASKING.flatMap(rulesFor),
  ];
  const usual = Array.from({ length: RULES - 1 - before.length }, (_, index) => general(index));
  const last = `name: ${LAST_RULE}, when: number(ha("${HOUSE_POWER}")) > 4000, then: limit, ` +
    "current_a: 10";
  const list = [...before, ...usual, last].map((rule) => `  - { ${rule} }\n`);
  return `rate_limit_seconds: 0
time_zone: Europe/Brussels
household: { price_sensor: sensor.grid_price }
rules:
${list.join("")}`;
}

/** What is said of one backend: by its name, the time, the day, its energy, who is home. */
function rulesFor(id: string): string[] {
  return [
    `name: ${id} has had enough, backends: [${id}], max_energy_kwh_per_day: 120, then: deny`,
    `name: ${id} came too often, backends: [${id}], max_sessions_per_day: 20, then: deny`,
    `name: ${id} not with visitors by day, backends: [${id}], hours: "06:00-22:00", ` +
    "presence_sensor: person.visitor, then: deny",
    `name: ${id} not with visitors by night, backends: [${id}], hours: "22:00-06:00", ` +
    "presence_sensor: person.visitor, then: deny",
    `name: ${id} not at weekends in a storm, backends: [${id}], weekdays: [sat, sun], ` +
    "presence_sensor: binary_sensor.storm, then: deny",
    `name: ${id} not for long, when: 'backend == "${id}" && session_minutes > 900.0', then: ask`,
  ];
}

/** What is said of everybody, in seven kinds. */
function general(index: number): string {
  const kinds = [
    `when: 'number(ha("sensor.phase_current")) > ${20 + index} && backend != "evcc"', ` +
    "then: limit, current_a: 8",
    `when: 'is_on(ha("binary_sensor.storm")) && action != "RemoteStopTransaction"', then: deny`,
    `when: 'today_kwh > ${90 + index}.0 && hour >= 6 && weekday in [1, 2, 3, 4, 5, 6, 7]', ` +
    "then: limit, current_a: 6",
    `when: 'attribute_number(ha("sensor.battery"), "power") < -${4000 + index}.0', then: deny`,
    `when: 'status == "Charging" && session_kwh > ${100 + index}.0 || connector > 4', then: deny`,
    `when: 'price_per_kwh < cost_per_kwh * 0.5 && !is_on(ha("person.visitor"))', then: deny`,
    `when: 'ha("binary_sensor.workshop") == "on" && between("07:00", "23:30")', ` +
    "then: limit, current_a: 13",
  ];
  return `name: general ${index + 1}, ${kinds[index % kinds.length]}`;
}
