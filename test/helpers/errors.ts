import type { ExecutionContext } from "ava";

interface Expected {
  code: string;
  message?: string | RegExp;
  hint?: RegExp;
}

/** Asserts that a query or call fails with this code, and with a hint where one is asked. */
export async function fails(t: ExecutionContext, run: PromiseLike<unknown> | (() => unknown), expected: Expected): Promise<void> {
  const error = await t.throwsAsync<Error & { code?: string; hint?: string }>(async () => {
    await (typeof run === "function" ? run() : run);
  });
  t.is(error?.code, expected.code, error?.message);
  if (typeof expected.message === "string") t.is(error?.message, expected.message);
  if (expected.message instanceof RegExp) t.regex(error?.message ?? "", expected.message);
  if (expected.hint !== undefined) t.regex(error?.hint ?? "", expected.hint);
}
