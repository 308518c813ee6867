/** Bytes from a stranger as an operator may see them: quoted, on one line, cut short, without control characters. */

const LENGTH_MAX = 120;

/** The text in quotes with what a terminal could act on escaped, at most so many characters of it. */
export function shown(text: string, lengthMax: number = LENGTH_MAX): string {
  const start = text.slice(0, lengthMax);
  const quoted = JSON.stringify(start).replace(
    // JSON leaves DEL and the second range of control characters as they are.
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return text.length <= lengthMax ? quoted : `${quoted} and ${text.length - lengthMax} more`;
}
