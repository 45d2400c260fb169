import jsonata from "jsonata";
import { LineshaftError, type Operation } from "@lineshaft/core";
import { addDecimals, compareDecimals, convert, subtractDecimals, sumDecimals } from "@lineshaft/model";

/** Longest evaluation of one message, in ms. */
const EVALUATION_MS = 1_000;
/** Deepest nesting of function calls. */
const CALL_DEPTH = 500;
/** Longest list that an expression may make. */
const LIST_ITEMS = 100_000;

/** Readable by an expression as `$context`: what is known of the message besides its payload. */
export interface ExpressionContext {
  source: string;
  sourceId: string;
  object: string;
  key: string;
  eventTime: number;
  receivedTime: number;
  identity(kind: string, object: string, system: string): Promise<string | undefined>;
}

/**
 * A mapping as a JSONata expression (jsonata.org), for those who write no TypeScript. The result is checked against the
 * operation's own schema when it is made; what does not fit parks the delivery, as with any mapping.
 *
 * ```ts
 * .to(odoo.logDowntime, expression(odoo.logDowntime, `{ "workCenter": workCenter, "start": start, "end": end }`))
 * ```
 *
 * Besides JSONata's own functions: `$add(a, b)`, `$subtract(a, b)`, `$total(list)`, `$compare(a, b)` over decimals as
 * strings, `$inUnit(quantity, unit)`, and `$identity(kind, object, system)`. JSONata's `+` and `$sum` count in floating
 * point and lose quantities.
 * @throws LineshaftError `config-invalid` when the text is no expression
 */
export function expression<T>(
  operation: Operation<T>,
  text: string,
): (payload: unknown, context: ExpressionContext) => Promise<T> {
  const compiled = compile(text, `${operation.system.name}.${operation.name}`);
  const mapping = async (payload: unknown, context: ExpressionContext): Promise<T> => {
    const made: unknown = await compiled.evaluate(payload, { context, identity: context.identity.bind(context) });
    // JSONata marks its lists with hidden properties; what leaves is plain data.
    return (made === undefined ? undefined : JSON.parse(JSON.stringify(made))) as T;
  };
  // Two expressions are one function to look at; this is by what they can be told apart.
  return Object.assign(mapping, { expression: text });
}

function compile(text: string, target: string): jsonata.Expression {
  let compiled: jsonata.Expression;
  try {
    compiled = jsonata(text, { timeout: EVALUATION_MS, stack: CALL_DEPTH, sequence: LIST_ITEMS });
  } catch (cause) {
    const { message, position } = cause as jsonata.JsonataError;
    throw new LineshaftError(
      "config-invalid",
      `The expression for ${target} cannot be read at character ${position}.`,
      {
        next: "Correct it in lineshaft.config.ts, then run lineshaft check.",
        said: message,
        cause,
      },
    );
  }
  compiled.registerFunction("add", (a: string, b: string) => addDecimals(a, b), "<ss:s>");
  compiled.registerFunction("subtract", (a: string, b: string) => subtractDecimals(a, b), "<ss:s>");
  compiled.registerFunction("total", (list: string[]) => sumDecimals(list), "<a<s>:s>");
  compiled.registerFunction("compare", (a: string, b: string) => compareDecimals(a, b), "<ss:n>");
  compiled.registerFunction(
    "inUnit",
    (quantity: { value: string; unit: string }, unit: string) => inUnit(quantity, unit),
    "<os:o>",
  );
  return compiled;
}

function inUnit(quantity: { value: string; unit: string }, unit: string): { value: string; unit: string } {
  const converted = convert(quantity, unit);
  if (!converted.ok) throw new Error(`${converted.problem} ${converted.fix}`);
  return converted.quantity;
}
