/* The library has types for its front door only, which leads to image processing and pipelines as well. */
declare module "@xenova/transformers/src/tokenizers.js" {
  export { AutoTokenizer } from "@xenova/transformers";
}
declare module "@xenova/transformers/src/env.js" {
  export { env } from "@xenova/transformers";
}
