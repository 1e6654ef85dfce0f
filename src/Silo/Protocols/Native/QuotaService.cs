using System.Runtime.CompilerServices;
using Google.Protobuf.Reflection;
using Microsoft.Extensions.ObjectPool;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Edge;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Limiting;

namespace Quota.Silo.Protocols.Native;

/// <summary>
/// <c>quota.v1.QuotaService</c>: translates between the wire and <see cref="ILimiter"/>, and decides nothing itself.
/// <para>Safety: stateless but for its pools, which are thread-safe; all state of a call lives in the call.</para>
/// </summary>
public sealed class QuotaService : IGrpcService
{
    /// <summary>The service's name on the wire.</summary>
    public const string Name = "quota.v1.QuotaService";

    private readonly ILimiter _limiter;
    private readonly LoadShedder _shedder;
    private readonly DecisionPool _decisions = new(Bounds.DecisionsMax - Bounds.StreamDecisionsMax);
    private readonly DecisionPool _streamDecisions = new(Bounds.StreamDecisionsMax);
    private readonly ObjectPool<QuotaBatch> _batches;
    private readonly ObjectPool<QuotaBatch> _streamBatches;

    /// <param name="limiter">Decides.</param>
    /// <param name="shedder">Bounds the batches inside streams.</param>
    public QuotaService(ILimiter limiter, LoadShedder shedder)
    {
        _limiter = limiter;
        _shedder = shedder;
        _batches = NewPool(_decisions);
        _streamBatches = NewPool(_streamDecisions);
        Methods =
        [
            new GrpcMethod("CheckQuota", GrpcMethodKind.Unary, CheckQuotaAsync),
            new GrpcMethod("CheckQuotaBatch", GrpcMethodKind.Unary, CheckQuotaBatchAsync),
            new GrpcMethod("StreamQuota", GrpcMethodKind.Duplex, StreamQuotaAsync, GrpcAdmission.Stream),
        ];
    }

    public string FullName => Name;

    public FileDescriptor File => QuotaReflection.Descriptor;

    public IReadOnlyList<GrpcMethod> Methods { get; }

    /// <summary>Decisions in use now.</summary>
    internal int DecisionsInUse => _decisions.InUse + _streamDecisions.InUse;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<GrpcStatus> CheckQuotaAsync(IGrpcCall call)
    {
        GrpcRead read = await call.ReadAsync().ConfigureAwait(false);
        if (!read.HasMessage)
        {
            return read.Status;
        }
        Decision? rented = null;
        if (!_decisions.TryRent(new Span<Decision?>(ref rented)))
        {
            return new GrpcStatus(GrpcStatusCode.ResourceExhausted, "this silo has all the checks in flight it takes");
        }
        Decision decision = rented!;
        bool completed = false;
        try
        {
            PendingCheck pending = PendingCheck.Begin(_limiter, read.Message.Span, _limiter.Now(), decision);
            if (pending.Begun)
            {
                await _limiter.CompleteAsync(decision).ConfigureAwait(false);
            }
            completed = true;
            if (decision.Status != DecisionStatus.Decided)
            {
                return DecisionErrors.Status(decision);
            }
            Span<byte> target = call.Response.GetSpan(CheckResponseWriter.BytesMax(decision, pending.Options));
            call.Response.Advance(CheckResponseWriter.WriteResponse(target, decision, pending.Options));
            call.EndMessage();
            return GrpcStatus.Ok;
        }
        finally
        {
            if (completed)
            {
                _decisions.Return(new ReadOnlySpan<Decision?>(in rented));
            }
            else
            {
                _decisions.Discard(1);
            }
        }
    }

    private async ValueTask<GrpcStatus> CheckQuotaBatchAsync(IGrpcCall call)
    {
        GrpcRead read = await call.ReadAsync().ConfigureAwait(false);
        if (!read.HasMessage)
        {
            return read.Status;
        }
        QuotaBatch batch = _batches.Get();
        try
        {
            GrpcStatus status = batch.Begin(CheckBatchReader.OverBatch(read.Message.Span), admitted: true);
            if (!status.IsOk)
            {
                return status;
            }
            await batch.CompleteAsync().ConfigureAwait(false);
            batch.WriteBatchResponse(call.Response);
            call.EndMessage();
            return GrpcStatus.Ok;
        }
        finally
        {
            batch.Release();
            _batches.Return(batch);
        }
    }

    private async ValueTask<GrpcStatus> StreamQuotaAsync(IGrpcCall call) =>
        await new QuotaStream(call, _streamBatches, _shedder).RunAsync().ConfigureAwait(false);

    private DefaultObjectPool<QuotaBatch> NewPool(DecisionPool decisions) =>
        new(new BatchPolicy(_limiter, decisions), Environment.ProcessorCount * Bounds.StreamBatchesPendingMax);

    private sealed class BatchPolicy(ILimiter limiter, DecisionPool decisions) : PooledObjectPolicy<QuotaBatch>
    {
        public override QuotaBatch Create() => new(limiter, decisions);

        public override bool Return(QuotaBatch obj) => true;
    }
}
