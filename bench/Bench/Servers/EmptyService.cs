using Google.Protobuf;
using Google.Protobuf.Reflection;
using Quota.Contracts.V1;
using Quota.Silo.Edge.Grpc;

namespace Quota.Bench.Servers;

/// <summary>What the transport costs by itself: reads the message and answers as many bytes as a check would, deciding nothing.</summary>
internal sealed class EmptyService : IGrpcService
{
    public const string Path = "/quota.bench.Empty/Check";

    private static readonly byte[] Answer = new CheckQuotaResponse
    {
        Allowed = true,
        Reason = Reason.WithinLimits,
        Limits = { new LimitStatus { Name = "rate", Amount = 1_000_000_000, Remaining = 999_999_000, ResetAfterMs = 1000, ResetAtUnixMs = 1_800_000_000_000 } },
        Plan = "p",
        KeyTreatment = KeyTreatment.DefaultPlan,
    }.ToByteArray();

    public string FullName => "quota.bench.Empty";

    public FileDescriptor? File => null;

    public IReadOnlyList<GrpcMethod> Methods { get; } = [new GrpcMethod("Check", GrpcMethodKind.Unary, AnswerAsync)];

    private static async ValueTask<GrpcStatus> AnswerAsync(IGrpcCall call)
    {
        GrpcRead read = await call.ReadAsync().ConfigureAwait(false);
        if (!read.HasMessage)
        {
            return read.Status;
        }
        Answer.CopyTo(call.Response.GetSpan(Answer.Length));
        call.Response.Advance(Answer.Length);
        call.EndMessage();
        return GrpcStatus.Ok;
    }
}
