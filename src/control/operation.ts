import type * as v from 'valibot';
import type { ApiErrorName } from '../domain/errors.ts';
import type { ControlContext } from './context.ts';
import type { Shape, StructureShape } from './shapes/vocabulary.ts';

/** Where an operation is found, and what it answers with. `{name}` in `uri` is a label: a member of the input. */
interface OperationHead {
  readonly name: string;
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly uri: string;
  /** 204: the reply has no body, and `output` is the empty structure. */
  readonly status: 200 | 204;
  /** Members of the input that are lists and come in the query, once an item. */
  readonly queryMembers?: readonly string[];
  /** What the model says it may answer, beside the errors that are common to all operations. */
  readonly errors: readonly ApiErrorName[];
}

interface OperationDefinition<Input extends Shape, Output extends Shape, Context>
  extends OperationHead {
  readonly input: Input;
  readonly output: Output;
  run(
    input: v.InferOutput<Input>,
    context: Context,
  ): v.InferOutput<Output> | Promise<v.InferOutput<Output>>;
}

/** An operation as the router sees it: `run` takes what `input` made of a request. */
export interface Operation extends OperationHead {
  readonly input: StructureShape;
  readonly output: StructureShape;
  run(input: Record<string, unknown>, context: ControlContext): unknown;
}

/**
 * One operation of the API: its wire form, its shapes and what it does. `run` is synchronous where the answer is in
 * memory, takes only the part of the context that it names, and throws `ApiError`.
 */
export function operation<
  Input extends StructureShape,
  Output extends StructureShape,
  Context extends Partial<ControlContext>,
>(definition: OperationDefinition<Input, Output, Context>): Operation {
  // Sound as long as the router calls `run` with what `input` let through, and with the whole context.
  return definition as unknown as Operation;
}
