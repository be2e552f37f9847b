// What the program's exit code says.

/** Done. */
export const EXIT_DONE = 0;
/** The command could not do it; a sentence on standard error says why. */
export const EXIT_FAILED = 1;
/** The command line itself is wrong. */
export const EXIT_USAGE = 2;
/** A replay differs from what was recorded, or expected. */
export const EXIT_DIFFERS = 3;
