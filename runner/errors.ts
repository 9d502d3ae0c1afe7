/**
 * Everything that can go wrong in the runner and that a person can mend: one sentence, a code from
 * the table in docs/errors.md, and what to do next. SQL raises its own codes of the same class `PE`.
 */
export class Failure extends Error {
  readonly code: string;
  readonly hint: string;

  /**
   * @param code a code from docs/errors.md, `PE` and three digits
   * @param message one sentence about what is wrong; never product text, never a password
   * @param hint what to do about it, a command where there is one
   */
  constructor(code: FailureCode, message: string, hint: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "Failure";
    this.code = code;
    this.hint = hint;
  }
}

/** The runner's own codes, and the exit code each ends a command with. */
const exitCodes = {
  PE100: 2, // a setting is not valid
  PE101: 2, // the products are to come from a database that is not connected
  PE102: 3, // the database cannot be reached
  PE103: 3, // the database is not migrated, or for other settings
  PE104: 3, // the embedded database is in use, or its folder cannot be used
  PE105: 3, // the database is not encoded in UTF8
  PE110: 4, // the model is not there
  PE111: 4, // a model file is not the one that was recorded
  PE112: 4, // the model cannot be used: its files or its device
  PE113: 4, // the dimension of model and configuration differ
  PE116: 4, // the model's files are not those that the vectors are from
  PE117: 4, // the model does not come in the precision
  PE118: 4, // the processor is not one that the precision was tried on
  PE120: 5, // products were set aside in this pass
  PE130: 6, // dbt is not there
  PE131: 6, // dbt failed
  PE140: 7, // search is not as good as was asked for
  PE141: 2, // golden queries or a file of a collection are not as expected
  PE160: 2, // HTTP: the port cannot be listened to
  PE161: 1, // HTTP: no key, or none that is let in
  PE162: 1, // HTTP: the request is not one that there is, or not of its form
  PE163: 1, // HTTP: too many requests of one client
  PE164: 1, // HTTP: more requests than can be served or wait
  PE165: 1, // HTTP: the request took too long
  PE166: 1, // HTTP: the service stops, or is not ready
  PE167: 1, // HTTP: the service's login has no right to this
  PE170: 8, // no worker on this host is alive
  PE171: 3, // a connection to the database is dead
  PE172: 3, // the database is newer than this checkout
  PE173: 9, // the clock was put back while the worker ran
  PE174: 3, // the login lacks a right
  PE175: 3, // a view of somebody's is in a migration's way
} as const;

export type FailureCode = keyof typeof exitCodes;

/** The exit code of a command that ended with this error: 1 unless the error is one of ours. */
export function exitCodeOf(error: unknown): number {
  const code = codeOf(error);
  if (code !== undefined && code in exitCodes) return exitCodes[code as FailureCode];
  return code?.startsWith("PE") ? 3 : 1;
}

/** The SQLSTATE or `PE…` code that an error carries, if any. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" ? code : undefined;
}

/** An error as the lines a person reads: sentence, detail, hint. Works for ours and for PostgreSQL's. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { detail, hint } = error as { detail?: unknown; hint?: unknown };
  const code = codeOf(error);
  const lines = [code === undefined ? error.message : `${code}: ${error.message}`];
  if (typeof detail === "string" && detail !== "") lines.push(detail);
  if (typeof hint === "string" && hint !== "") lines.push(`→ ${hint}`);
  return lines.join("\n");
}
