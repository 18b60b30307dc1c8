import { ApiError, type ApiErrorName } from '../domain/errors.ts';

/** By the names of the model, each with the code that it has in the query protocol, and its status. */
const ERRORS = {
  InvalidParameterValueException: { code: 'InvalidParameterValue', status: 400 },
  InvalidParameterCombinationException: { code: 'InvalidParameterCombination', status: 400 },
  MissingRequiredParameterException: { code: 'MissingParameter', status: 400 },
  InvalidNextToken: { code: 'InvalidNextToken', status: 400 },
  InternalServiceFault: { code: 'InternalServiceError', status: 500 },
  // Not in the model: what GetMetricData says of its input, and what every service says.
  ValidationError: { code: 'ValidationError', status: 400 },
  SerializationException: { code: 'MalformedInput', status: 400 },
  // Nobody is there to read it.
  RequestCanceled: { code: 'RequestCanceled', status: 400 },
  UnknownOperationException: { code: 'InvalidAction', status: 400 },
} as const;

export class CloudWatchError extends Error {
  override name: keyof typeof ERRORS;

  constructor(name: keyof typeof ERRORS, message: string) {
    super(message);
    this.name = name;
  }
}

/** An error as all three protocols tell of it. */
export interface WireError {
  readonly name: string;
  readonly code: string;
  readonly status: number;
  readonly message: string;
}

/** What services with the query protocol call the refusals that others name by exceptions. */
const QUERY_CODES: Partial<Record<ApiErrorName, string>> = {
  AccessDeniedException: 'AccessDenied',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  UnrecognizedClientException: 'InvalidClientTokenId',
};

/** `undefined`: a fault of ours. */
export function toWireError(error: unknown): WireError | undefined {
  if (error instanceof CloudWatchError) {
    return { name: error.name, message: error.message, ...ERRORS[error.name] };
  }
  if (!(error instanceof ApiError)) return undefined;
  const { name, status, message } = error;
  return { name, code: QUERY_CODES[name] ?? name, status, message };
}
