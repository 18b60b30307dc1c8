/**
 * Refusals the API states by name, each with the HTTP status that IVS's model gives it. Thrown where the rule is
 * known; `control/router.ts` turns them into answers, once.
 */
export const API_ERRORS = {
  ValidationException: 400,
  ServiceQuotaExceededException: 402,
  AccessDeniedException: 403,
  PendingVerification: 403,
  ResourceNotFoundException: 404,
  ChannelNotBroadcasting: 404,
  ConflictException: 409,
  ThrottlingException: 429,
  InternalServerException: 500,
  StreamUnavailable: 503,
  ServiceUnavailable: 503,
  // Common errors, outside the model.
  IncompleteSignature: 403,
  InvalidSignatureException: 403,
  MissingAuthenticationToken: 403,
  UnrecognizedClientException: 403,
  ExpiredTokenException: 403,
  MalformedHttpRequestException: 400,
  RequestEntityTooLargeException: 413,
  UnknownOperationException: 404,
  InternalFailure: 500,
} as const;

export type ApiErrorName = keyof typeof API_ERRORS;

export class ApiError extends Error {
  override name: ApiErrorName;

  constructor(name: ApiErrorName, message: string) {
    super(message);
    this.name = name;
  }

  get status(): number {
    return API_ERRORS[this.name];
  }
}
