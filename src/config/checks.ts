// What no single value shows: duplicates, names that lead nowhere, keys that need each other.

import { isTakenName } from "./backend_name.ts";
import type { Report, TreeMap } from "./document.ts";
import { didYouMean } from "./nearest.ts";
import type { Path } from "./problem.ts";
import { readFailure } from "./secrets.ts";
import { backendIds, isMapping, isOn, reportRepeated, texts, valuesAt } from "./tree.ts";

/** Checks the values as far as they have the right form; the others are reported elsewhere. */
export function checkTogether(
  root: TreeMap,
  readFile: (path: string) => string,
  error: Report,
  warning: Report,
): void {
  checkDuplicates(root, error);
  checkReferences(root, error, warning);
  for (const { path, value } of valuesAt(root, ["backends", "*"])) {
    if (isMapping(value)) checkBackend(value, path, isOn(root["allow_unknown_backends"]), error);
  }
  for (const { path, value } of valuesAt(root, ["ocpp_services", "*"])) {
    if (isMapping(value)) checkAuthentication(value, path, error);
  }
  checkFiles(root, readFile, error);
  checkCurrents(root, error);
}

function checkDuplicates(root: TreeMap, error: Report): void {
  const ids = [["backends", "*", "id"], ["ocpp_services", "*", "id"]];
  for (const { path, text } of ids.flatMap((pattern) => texts(root, pattern))) {
    if (isTakenName(text)) error(path, `'${text}' stands for the owner; expected another name`);
  }
  reportRepeated(ids.flatMap((pattern) => texts(root, pattern)), error, "is the id of another one");
  const dialIn = valuesAt(root, ["backends", "*"])
    .flatMap(({ path, value }) =>
      isMapping(value) && !("url" in value) && typeof value["token"] === "string"
        ? [{ path: [...path, "token"], text: value["token"] }]
        : []
    );
  const tokens = [...dialIn, ...texts(root, ["api", "tokens", "*", "token"])];
  reportRepeated(tokens, error, "is the same as another one; expected one for each");
  const vendors = texts(root, ["data_transfer", "*", "vendor_id"]);
  reportRepeated(vendors, error, "is routed already");
}

function checkReferences(root: TreeMap, error: Report, warning: Report): void {
  const ids = backendIds(root);
  const check = (pattern: readonly string[], report: Report, consequence: string): void => {
    for (const { path, text } of texts(root, pattern)) {
      if (text === "" || ids.has(text)) continue;
      report(path, `there is no backend '${text}'${didYouMean(text, ids)}${consequence}`);
    }
  };
  check(["data_transfer", "*", "backend"], error, "");
  // The lists of the first ocpp-proxy also named backends that only dialled in.
  const unlisted = "; it means nothing until there is one";
  check(["preferred_provider"], warning, unlisted);
  check(["allowed_providers", "*"], warning, unlisted);
  check(["blocked_providers", "*"], warning, unlisted);
  check(["disallowed_providers", "*"], warning, unlisted);
}

/** Keys that say something only of a backend that the proxy dials. */
const DIAL_OUT_KEYS = [
  "username",
  "password",
  "auth_type",
  "append_charge_point_id",
  "ca_file",
  "client_cert_file",
  "client_key_file",
  "tls_verify",
];

function checkBackend(
  backend: TreeMap,
  path: Path,
  unknownMayDialIn: boolean,
  error: Report,
): void {
  if ("url" in backend) {
    checkAuthentication(backend, path, error);
    for (const [one, other] of [["cert", "key"], ["key", "cert"]]) {
      if (`client_${one}_file` in backend && !(`client_${other}_file` in backend)) {
        error([...path, `client_${one}_file`], `expected client_${other}_file with it`);
      }
    }
    return;
  }
  if (!("token" in backend) && !unknownMayDialIn) {
    error(
      path,
      "expected `url` if the proxy dials this backend, `token` if it dials in to /backend/<id>, " +
        "or allow_unknown_backends: true to admit it without a token",
    );
  }
  for (const key of DIAL_OUT_KEYS) {
    if (key in backend) {
      error([...path, key], "means nothing without `url`: this backend dials in with its token");
    }
  }
}

function checkAuthentication(backend: TreeMap, path: Path, error: Report): void {
  const type = backend["auth_type"];
  if (type === "basic" && !("password" in backend)) {
    error([...path, "auth_type"], "basic needs a password");
  } else if ((type === "bearer" || type === "token") && !("token" in backend)) {
    error([...path, "auth_type"], `${type} needs a token`);
  } else if (type === undefined && "password" in backend && "token" in backend) {
    error([...path, "token"], "a password is there too; expected auth_type: basic or bearer");
  }
}

function checkFiles(root: TreeMap, readFile: (path: string) => string, error: Report): void {
  const patterns = [
    ["listen", "tls", "cert_file"],
    ["listen", "tls", "key_file"],
    ["backends", "*", "ca_file"],
    ["backends", "*", "client_cert_file"],
    ["backends", "*", "client_key_file"],
    ["mqtt", "ca_file"],
  ];
  for (const { path, text } of patterns.flatMap((pattern) => texts(root, pattern))) {
    try {
      readFile(text);
    } catch (failure) {
      error(path, `'${text}' cannot be read (${readFailure(failure)}); expected a PEM file`);
    }
  }
}

function checkCurrents(root: TreeMap, error: Report): void {
  const charger = root["charger"];
  if (!isMapping(charger)) return;
  const { max_current_a: maximum, fallback_current_a: fallback } = charger;
  if (maximum !== undefined && Number(fallback ?? 6) > Number(maximum)) {
    error(
      ["charger", fallback === undefined ? "max_current_a" : "fallback_current_a"],
      "fallback_current_a is above max_current_a",
    );
  }
}
