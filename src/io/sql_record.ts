// SQL expressions that make a row into a record of CSV or the text of a JSON object.

/** How a field is written. */
export interface Field {
  /** Its value, from the columns of the table. */
  readonly sql: string;
  /** `text` may hold anything, `plain` nothing that needs care, `number` and `list` are JSON. */
  readonly type: "plain" | "text" | "number" | "list";
  /** The field that it repeats, so that its value is made once. */
  readonly is?: string;
}

/** Fields by their names, in their order. */
export type Fields = Readonly<Record<string, Field>>;

/** The columns of the query that the records are made from. */
export function columnsOf(fields: Fields): string {
  return Object.entries(fields).map(([name, { sql }]) => `${sql} AS "${name}"`).join(", ");
}

/** A row as a CSV record of RFC 4180, line end included. */
export function csvRecord(fields: Fields): string {
  const cells = Object.entries(fields).map(([name, { type, is = name }]) =>
    csvCell(`"${is}"`, type)
  );
  return `concat_ws(',', ${cells.join(", ")}) || char(13, 10)`;
}

/** A row as the text of a JSON object. */
export function jsonRecord(fields: Fields): string {
  const members = Object.entries(fields).map(([name, { type, is = name }]) =>
    `'${name}', ${type === "number" || type === "list" ? `json("${is}")` : `"${is}"`}`
  );
  return `json_object(${members.join(", ")})`;
}

/** Wh as kWh with three decimals. */
export function energyKwh(wh: string): string {
  return `format('%d.%03d', ${wh} / 1000, ${wh} % 1000)`;
}

/** Millionths as decimal text with 2 to 6 decimals; NULL stays NULL. */
export function decimalAmount(micros: string): string {
  const size = `abs(${micros})`;
  return `CASE WHEN ${micros} IS NULL THEN NULL ELSE iif(${micros} < 0, '-', '') ||
    CASE ${micros} % 10000
      WHEN 0 THEN format('%d.%02d', ${size} / 1000000, ${size} / 10000 % 100)
      ELSE rtrim(format('%d.%06d', ${size} / 1000000, ${size} % 1000000), '0')
    END END`;
}

function csvCell(column: string, type: Field["type"]): string {
  switch (type) {
    case "plain":
    case "number":
      return `ifnull(${column}, '')`;
    case "text":
      // A spreadsheet runs what begins like a formula; a leading apostrophe makes it text.
      return `CASE
        WHEN ${column} IS NULL THEN ''
        WHEN ${column} GLOB '[=+@\t\r\uff1d\uff0b\uff0d\uff20-]*'
          THEN ${quoted(`('''' || ${column})`)}
        ELSE ${quoted(column)} END`;
    case "list":
      return `CASE ${column} WHEN '[]' THEN ''
        ELSE (SELECT group_concat(value, ' ') FROM json_each(${column})) END`;
  }
}

function quoted(text: string): string {
  return `CASE WHEN ${text} GLOB '*[",\r\n]*' THEN '"' || replace(${text}, '"', '""') || '"'
    ELSE ${text} END`;
}
