import type { PreTrainedTokenizer } from "@xenova/transformers";

/** A text as the model gets it. */
export interface TextTokens {
  /** Of the whole text, special ones and prefix included; past some 32,000 characters an estimate. */
  tokens: number;
  /** Lists of token ids of at most `maxTokens`: one, or with windows as many as the text takes. */
  windows: { ids: number[] /** How many of them no window before has. */; fresh: number }[];
}

/** How texts become token ids with one model, exactly as sentence-transformers does it but for what is said below. */
export interface TokenReader {
  maxTokens: number;
  /** `prefix` goes before the text, and into every window. */
  read(text: string, prefix: string, inWindows: boolean): TextTokens;
  /** See Encoder.spelledOut. */
  spelledOut(texts: readonly string[]): number | null;
}

/** A text of a hundred pages is not worth more: windows past these are not read. */
const maxWindows = 16;

/** Overlap of two windows, as a share of what one holds, so that no sentence is only ever seen cut in two. */
const overlap = 0.1;

/*
 * A few thousand tokens are read, and a token spans at the most 100 characters before it becomes
 * unknown; only a text that begins with tens of thousands of blanks or of unknown words could notice.
 * It keeps a text of megabytes from costing the tokenizer gigabytes.
 */
const maxCharacters = 32_768;

export function tokenReader(tokenizer: PreTrainedTokenizer, limits: { maxTokens: number; lowerCase: boolean }): TokenReader {
  const { maxTokens } = limits;
  // In the tokenizer and not in front of it, because it takes special tokens out of the text before it normalizes.
  const own = tokenizer as unknown as Internals;
  if (own.normalizer?.config?.type === "BertNormalizer") own.normalizer = asInPython(own.normalizer, own.normalizer.config);
  disarmSpecialTokens(own);

  const idsOf = (text: string): number[] => tokenizer(text, { return_tensor: false }).input_ids as number[];
  const given = (text: string) => {
    const start = text.slice(0, maxCharacters).toWellFormed();
    return limits.lowerCase ? start.toLowerCase() : start;
  };
  // What stands around every text, such as [CLS] and [SEP].
  const none = idsOf("");
  const opening = none.slice(0, inCommon(none, idsOf("a")));
  const closing = none.slice(opening.length);
  const contentOf = (text: string) => {
    const ids = idsOf(text);
    return ids.slice(opening.length, ids.length - closing.length);
  };
  const framed = (content: number[]) => [...opening, ...content, ...closing];

  const read = (text: string, prefix: string, inWindows: boolean): TextTokens => {
    const content = contentOf(given(prefix + text));
    const characters = prefix.length + text.length;
    const tokens = none.length + Math.round(content.length * Math.max(1, characters / maxCharacters));
    const room = maxTokens - none.length;
    // The library cuts after adding the closing token and so cuts that off; a text without it is
    // another text to the model (cosine 0.998).
    if (!inWindows || content.length <= room) {
      return { tokens, windows: [{ ids: framed(content.slice(0, room)), fresh: Math.min(content.length, room) }] };
    }
    const start = prefix === "" ? [] : contentOf(given(prefix));
    const head = start.slice(0, inCommon(start, content));
    const body = content.slice(head.length);
    const holds = Math.max(1, room - head.length);
    const step = Math.max(1, holds - Math.floor(holds * overlap));
    const windows: TextTokens["windows"] = [];
    for (let from = 0, seen = 0; seen < body.length && windows.length < maxWindows; from += step) {
      const to = Math.min(from + holds, body.length);
      windows.push({ ids: framed([...head, ...body.slice(from, to)]), fresh: to - seen });
      seen = to;
    }
    return { tokens, windows };
  };

  const spelledOut = (texts: readonly string[]): number | null => {
    // Each word once: the labels of the fields, which every text has, are English in a Russian catalogue too.
    const different = new Set(texts.flatMap((text) => given(text).normalize("NFKC").match(words) ?? []));
    let letters = 0;
    let spelled = 0;
    for (const word of different) {
      const counted = countSpelled(word, contentOf(` ${word}`));
      letters += counted.letters;
      spelled += counted.spelled;
    }
    return letters === 0 ? null : spelled / letters;
  };

  /** A letter is read as part of a word if it shares its token with another one. */
  const countSpelled = (word: string, ids: number[]) => {
    const count = lettersIn(word);
    // A word of one letter, as every Chinese character is one, is only ever unknown.
    const enough = count === 1 ? 1 : 2;
    let together = 0;
    for (const id of ids) {
      if (id === own.model.unk_token_id) continue;
      const inToken = lettersIn(tokenizer.decode([id], { skip_special_tokens: false, clean_up_tokenization_spaces: false }));
      if (inToken >= enough) together += inToken;
    }
    return { letters: count, spelled: Math.max(0, count - together) };
  };

  return { maxTokens, read, spelledOut };
}

const words = /\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{M}])+/gu;
const lettersIn = (text: string) => text.match(/\p{L}/gu)?.length ?? 0;

function inCommon(a: readonly number[], b: readonly number[]): number {
  const different = a.findIndex((id, index) => id !== b[index]);
  return different === -1 ? a.length : different;
}

/** What the library has and does not declare. */
interface Internals {
  normalizer: Normalizer | null;
  model: { unk_token_id?: number; trie?: { root: TrieNode } };
  added_tokens: { content: string; special: boolean; lstrip: boolean; rstrip: boolean }[];
  added_tokens_regex: RegExp | null;
}
interface TrieNode {
  isLeaf: boolean;
  children: Map<string, TrieNode>;
}

/*
 * A text with a literal </s> would end there for the model, and <s> is an HTML tag that product texts
 * have. Python's tokenizers read them as the special tokens all the same; SentencePiece, with which such
 * models were trained, does not, and neither is it done here: they are characters like any others. Also
 * not by way of the vocabulary, which has them as words, and into which NFKC leads from a full-width one.
 * BERT's [SEP] and its like are left as in Python: nobody writes them by accident.
 */
function disarmSpecialTokens(tokenizer: Internals): void {
  const disarmed = (token: Internals["added_tokens"][number]) => token.special && /^<.+>$/.test(token.content);
  for (const { content } of tokenizer.added_tokens.filter(disarmed)) {
    let node = tokenizer.model.trie?.root;
    for (const unit of content.split("")) node = node?.children.get(unit);
    if (node !== undefined) node.isLeaf = false;
  }
  const armed = tokenizer.added_tokens.filter((token) => !disarmed(token));
  if (armed.length === tokenizer.added_tokens.length) return;
  tokenizer.added_tokens = armed;
  tokenizer.added_tokens_regex =
    armed.length === 0
      ? null
      : new RegExp(
          armed
            .map(({ content, lstrip, rstrip }) => {
              const literal = content.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
              return `${lstrip ? "\\s*" : ""}(${literal})${rstrip ? "\\s*" : ""}`;
            })
            .join("|"),
        );
}

type Normalizer = ((text: string) => string) & {
  config?: { type?: string; lowercase?: boolean; strip_accents?: boolean | null; handle_chinese_chars?: boolean };
};

/*
 * Three places where the library's BertNormalizer differs from that of Python's tokenizers, found by
 * comparing the tokens of every assigned code point:
 * - accents: it strips U+0300 to U+036F only, Python every mark; Japanese kana become unknown (cosine 0.79);
 * - capital sigma: JavaScript makes it ς at the end of a word, Python always σ;
 * - Chinese characters beyond U+FFFF: it does not set them apart. Python's gap at U+2B820 is in its source.
 * What still differs are some 500 signs of rare scripts, where the two go by other versions of Unicode.
 */
function asInPython(normalizer: Normalizer, config: NonNullable<Normalizer["config"]>): Normalizer {
  const stripsAccents = (config.strip_accents ?? config.lowercase) === true;
  return (text) => {
    let given = stripsAccents ? text.normalize("NFD").replace(/\p{Mn}/gu, "") : text;
    if (config.lowercase) given = given.replaceAll("Σ", "σ");
    if (config.handle_chinese_chars) given = given.replace(chineseBeyondFFFF, " $& ");
    return normalizer(given);
  };
}
const chineseBeyondFFFF = /[\u{20000}-\u{2A6DF}\u{2A700}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;
