/** What the service answers; docs/http.md has the routes. */
export interface Product {
  product_id: string;
  name: string | null;
  vendor_code: string | null;
  price: string | null;
}

/** Names that were seen, since a link to a product has only its id. */
export const names = new Map<string, string>();

/** What stands under a product's name. */
export function factsOf({ vendor_code, price }: Product): string {
  return [vendor_code?.trim(), price].filter((fact) => fact !== undefined && fact !== null && fact !== "").join(" · ");
}

export interface Hit extends Product {
  score: number;
  vector_rank: number | null;
  distance: number | null;
  word_rank: number | null;
  word_score: number | null;
  matched_words: string[] | null;
}

export interface Found {
  used_vectors: boolean;
  vector: string;
  hits: Hit[];
}

export interface MapPoint extends Product {
  x: number;
  y: number;
  label: string | null;
}

export interface Status {
  state: string;
  products: number | null;
  embedded: number | null;
  coverage: number | null;
  queued: number;
  failed: number;
  oldest_wait: string | null;
  throughput: number | null;
  time_to_go: string | null;
  workers_alive: number;
  worker_last_seen: string | null;
  model: string | null;
  notes: string[];
}

export interface Report {
  failures: { product_id: string; attempts: number; error: string; failed_at: string; set_aside: boolean }[];
  failures_in_all: number;
  log: {
    log_id: number;
    logged_at: string;
    event: string;
    error: string | null;
    products: number | null;
    queued: number | null;
    seconds: number | null;
  }[];
  activity: { minute: string; stored: number; failed: number }[];
  workers: { worker: string; last_seen_at: string; alive: boolean }[];
  models: {
    model_id: number | null;
    name: string;
    revision: string | null;
    dimension: number | null;
    state: string;
    coverage: number | null;
    queued: number | null;
    error: string | null;
  }[];
  indexes: {
    index_name: string;
    method: string;
    valid: boolean;
    serves_search: boolean;
    size: string;
    phase: string | null;
    percent: number | null;
  }[];
}

/** A problem of the service, as its sentence and hint. */
export class Problem extends Error {
  readonly code: string;
  readonly hint: string;

  constructor(message: string, code: string, hint: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }

  /** Whatever was thrown: also of a service that does not answer. */
  static of(error: unknown): Problem {
    return error instanceof Problem ? error : new Problem(error instanceof Error ? error.message : String(error), "", "");
  }
}

const keyName = "product-embeddings key";
/** The key, kept for this tab; where cookies are blocked so is the storage, and it lasts as long as the page. */
let key = "";
const storage = <T>(use: (tab: Storage) => T): T | undefined => {
  try {
    return use(sessionStorage);
  } catch {
    return undefined;
  }
};
export const storedKey = (): string => storage((tab) => tab.getItem(keyName) ?? "") ?? key;
export const storeKey = (given: string): void => {
  key = given;
  storage((tab) => tab.setItem(keyName, given));
};

/** Asks the service with the stored key. Throws Problem. */
export async function ask<T>(
  path: string,
  parameters: Record<string, string> = {},
  options: { signal?: AbortSignal; body?: object } = {},
): Promise<T> {
  const given = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== ""));
  const headers: Record<string, string> = {};
  // What no header can hold, such as a key typed with another keyboard layout, is a wrong key and answered as one.
  if (storedKey() !== "") headers.authorization = `Bearer ${storedKey().replace(/[^ -~]/g, "?")}`;
  if (options.body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(given.size === 0 ? path : `${path}?${given}`, {
    headers,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.body === undefined ? {} : { method: "POST", body: JSON.stringify(options.body) }),
  }).catch(() => {
    // Each browser has words of its own for it, none of which says what to do.
    throw new Problem("The service does not answer.", "", "Try again in a moment, or see whether it runs and is reached.");
  });
  const answer = await response.json().catch(() => undefined);
  // Such as a proxy's page that says in HTML that there is no service behind it.
  if (!response.ok || answer === undefined) {
    const said = `Something before the service answered: ${response.status} ${response.statusText}`.trim();
    // Of what is unforeseen there is no code, and the log has it under the request's id.
    const code = answer?.code ?? [response.status, answer?.request_id].filter(Boolean).join(" ");
    throw new Problem(answer?.detail ?? `${said}.`, code, answer?.hint ?? "Try again in a moment.");
  }
  for (const { product_id, name } of (answer.hits ?? answer.points ?? []) as Product[]) names.set(product_id, name ?? product_id);
  return answer as T;
}
