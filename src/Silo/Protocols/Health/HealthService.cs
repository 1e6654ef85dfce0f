using System.Collections.Frozen;
using Google.Protobuf.Reflection;
using Quota.Contracts.Health.V1;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Hosting;

namespace Quota.Silo.Protocols.Health;

/// <summary><c>grpc.health.v1.Health</c> over <see cref="ServingState"/>. Every service of the silo has the silo's status.</summary>
public sealed class HealthService : IGrpcService
{
    private readonly ServingState _state;
    private readonly FrozenSet<string> _services;

    /// <param name="state">What is reported.</param>
    /// <param name="services">Names that may be asked for, besides the empty one.</param>
    public HealthService(ServingState state, IEnumerable<string> services)
    {
        _state = state;
        _services = services.Append("").ToFrozenSet(StringComparer.Ordinal);
        Methods =
        [
            GrpcMessages.Unary("Check", HealthCheckRequest.Parser, CheckAsync, GrpcAdmission.Exempt),
            GrpcMessages.ServerStreaming("Watch", HealthCheckRequest.Parser, WatchAsync, GrpcAdmission.Exempt),
        ];
    }

    public string FullName => "grpc.health.v1.Health";

    public FileDescriptor File => Contracts.Health.V1.HealthReflection.Descriptor;

    public IReadOnlyList<GrpcMethod> Methods { get; }

    private ValueTask<(Google.Protobuf.IMessage? Response, GrpcStatus Status)> CheckAsync(HealthCheckRequest request, IGrpcCall call) =>
        new(_services.Contains(request.Service)
            ? (new HealthCheckResponse { Status = Report(_state.Status) }, GrpcStatus.Ok)
            : (null, new GrpcStatus(GrpcStatusCode.NotFound, "service: this server has no such service")));

    private async ValueTask<GrpcStatus> WatchAsync(HealthCheckRequest request, IGrpcCall call)
    {
        bool known = _services.Contains(request.Service);
        HealthCheckResponse.Types.ServingStatus? sent = null;
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation, call.Draining);
        while (true)
        {
            (ServingStatus status, Task changed) = _state.Observe();
            HealthCheckResponse.Types.ServingStatus report = known ? Report(status) : HealthCheckResponse.Types.ServingStatus.ServiceUnknown;
            if (report != sent)
            {
                sent = report;
                call.EndMessage(new HealthCheckResponse { Status = report });
                await call.FlushAsync().ConfigureAwait(false);
            }
            if (end.IsCancellationRequested)
            {
                return new GrpcStatus(GrpcStatusCode.Unavailable, "this silo is draining");
            }
            await changed.WaitAsync(end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static HealthCheckResponse.Types.ServingStatus Report(ServingStatus status) =>
        status == ServingStatus.Serving ? HealthCheckResponse.Types.ServingStatus.Serving : HealthCheckResponse.Types.ServingStatus.NotServing;
}
