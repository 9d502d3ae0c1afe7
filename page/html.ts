import htm from "htm";
import { type ComponentChildren, h } from "preact";

/** Markup without a compiler: htm bound to Preact. */
export const html = htm.bind(h) as (strings: TemplateStringsArray, ...values: unknown[]) => ComponentChildren;
