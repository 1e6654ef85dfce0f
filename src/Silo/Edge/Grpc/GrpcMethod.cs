namespace Quota.Silo.Edge.Grpc;

/// <summary>
/// Serves one call and says how it ended. The call and everything it handed out must not be used once the returned task is
/// complete.
/// </summary>
public delegate ValueTask<GrpcStatus> GrpcHandler(IGrpcCall call);

/// <summary>One method of a service.</summary>
/// <param name="Name">Name within its service.</param>
/// <param name="Kind">Who sends how many messages; the transport enforces the single request of the unary kinds.</param>
/// <param name="Handler">Serves a call.</param>
/// <param name="Admission">What a call counts as under load.</param>
public sealed record GrpcMethod(string Name, GrpcMethodKind Kind, GrpcHandler Handler, GrpcAdmission Admission = GrpcAdmission.Call);
