// A small household with two tokens, to ask the REST interface about.

/** `owning-token` may do everything, `reading-token` may read. */
export const REST_HOUSE = `
backends:
  - { id: evcc, role: controller, token: v }
facts:
  - { name: season, value: winter }
api:
  tokens:
    - { name: owner, token: owning-token, scopes: [read, control] }
    - { name: screen, token: reading-token, scopes: [read] }
`;
