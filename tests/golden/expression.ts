/** S-expressions: read from the text that binaryen prints, and printed compactly. */

export type Expression = string | Expression[];

const WIDTH = 110;
/** These are always on lines of their own: a branch leads to them, or around them. */
const STRUCTURES = new Set(["func", "block", "loop", "if", "then", "else"]);

/** The first expression in `text`. */
export function parseExpression(text: string): Expression {
  const open: Expression[][] = [[]];
  for (const [token] of text.matchAll(/[()]|"[^"]*"|[^\s()]+/g)) {
    if (token === "(") open.push([]);
    else if (token === ")") {
      const done = open.pop() as Expression[];
      open.at(-1)?.push(done);
    } else open.at(-1)?.push(token);
  }
  const [first] = open[0] as Expression[];
  if (first === undefined) throw new Error("no expression");
  return first;
}

export function printExpression(expression: Expression, indent = ""): string {
  const flat = flatten(expression);
  if (typeof expression === "string" || (flat.length + indent.length <= WIDTH && !isStructured(expression)))
    return indent + flat;
  // Atoms, and before the body of a structure also its condition or signature, stay with the opening parenthesis.
  const isHead = (part: Expression) => typeof part === "string" || (isStructure(expression) && !isBody(part));
  const firstBody = expression.findIndex((part) => !isHead(part));
  const head = expression.slice(0, firstBody < 0 ? expression.length : firstBody);
  const body = expression.slice(head.length);
  const lines = [
    `${indent}(${head.map(flatten).join(" ")}`,
    ...body.map((part) => printExpression(part, `${indent} `)),
  ];
  return `${lines.join("\n")})`;
}

function flatten(expression: Expression): string {
  return typeof expression === "string" ? expression : `(${expression.map(flatten).join(" ")})`;
}

function isStructure(expression: Expression): boolean {
  return typeof expression !== "string" && STRUCTURES.has(expression[0] as string);
}

/** Whether a structure is in it. */
function isStructured(expression: Expression): boolean {
  return typeof expression !== "string" && (isStructure(expression) || expression.some(isStructured));
}

function isBody(part: Expression): boolean {
  return typeof part !== "string" && part[0] !== "param" && part[0] !== "result" && part[0] !== "local";
}
