using System.Runtime.CompilerServices;
using Google.Protobuf.Reflection;
using Microsoft.Extensions.ObjectPool;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains;
using Quota.Silo.Edge;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Operations;

namespace Quota.Silo.Protocols.Native;

/// <summary>
/// <c>quota.v1.QuotaService</c>: translates between the wire and <see cref="ILimiter"/> and <see cref="IGrainOperations"/>, and
/// decides nothing itself.
/// <para>Safety: stateless but for its pools, which are thread-safe; all state of a call lives in the call.</para>
/// </summary>
public sealed class QuotaService : IGrpcService
{
    /// <summary>The service's name on the wire.</summary>
    public const string Name = "quota.v1.QuotaService";

    private readonly ILimiter _limiter;
    private readonly IGrainOperations _operations;
    private readonly LoadShedder _shedder;
    private readonly DecisionPool _decisions = new(Bounds.DecisionsMax - Bounds.StreamDecisionsMax);
    private readonly DecisionPool _streamDecisions = new(Bounds.StreamDecisionsMax);
    private readonly ObjectPool<QuotaBatch> _batches;
    private readonly ObjectPool<QuotaBatch> _streamBatches;

    /// <param name="limiter">Decides.</param>
    /// <param name="operations">Does the rest.</param>
    /// <param name="shedder">Bounds the batches inside streams.</param>
    public QuotaService(ILimiter limiter, IGrainOperations operations, LoadShedder shedder)
    {
        _limiter = limiter;
        _operations = operations;
        _shedder = shedder;
        _batches = NewPool(_decisions);
        _streamBatches = NewPool(_streamDecisions);
        Methods =
        [
            new GrpcMethod("CheckQuota", GrpcMethodKind.Unary, call => DecideAsync(call, PendingCheck.Begin, WriteCheck)),
            new GrpcMethod("CheckQuotaBatch", GrpcMethodKind.Unary, CheckQuotaBatchAsync),
            new GrpcMethod("StreamQuota", GrpcMethodKind.Duplex, StreamQuotaAsync, GrpcAdmission.Stream),
            new GrpcMethod("Reserve", GrpcMethodKind.Unary, call => DecideAsync(call, PendingCheck.Reserve, WriteReservation)),
            new GrpcMethod("Explain", GrpcMethodKind.Unary, ExplainAsync),
            .. OperationEndpoints.Create(operations).Select(o => o.Method),
        ];
    }

    private delegate PendingCheck Beginning(ILimiter limiter, ReadOnlySpan<byte> message, in Instant now, Decision decision);

    public string FullName => Name;

    public FileDescriptor File => QuotaReflection.Descriptor;

    public IReadOnlyList<GrpcMethod> Methods { get; }

    /// <summary>Decisions in use now.</summary>
    internal int DecisionsInUse => _decisions.InUse + _streamDecisions.InUse;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<GrpcStatus> DecideAsync(IGrpcCall call, Beginning begin, Action<IGrpcCall, Decision, CheckOptions> write)
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
            PendingCheck pending = begin(_limiter, read.Message.Span, _limiter.Now(), decision);
            if (pending.Begun)
            {
                await _limiter.CompleteAsync(decision).ConfigureAwait(false);
            }
            completed = true;
            if (decision.Status != DecisionStatus.Decided)
            {
                return DecisionErrors.Status(decision);
            }
            write(call, decision, pending.Options);
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

    private static void WriteCheck(IGrpcCall call, Decision decision, CheckOptions options)
    {
        Span<byte> target = call.Response.GetSpan(CheckResponseWriter.BytesMax(decision, options));
        call.Response.Advance(CheckResponseWriter.WriteResponse(target, decision, options));
    }

    private static void WriteReservation(IGrpcCall call, Decision decision, CheckOptions options) =>
        OperationAnswers.WriteReservation(call.Response, decision, options, decision.Reservation);

    private async ValueTask<GrpcStatus> ExplainAsync(IGrpcCall call)
    {
        GrpcRead read = await call.ReadAsync().ConfigureAwait(false);
        if (!read.HasMessage)
        {
            return read.Status;
        }
        Decision decision = new();
        Outcome<Explanation> outcome = await BeginExplain(read.Message.Span, decision, out CheckOptions options).ConfigureAwait(false);
        if (!outcome.IsDone)
        {
            return DecisionErrors.Status(outcome.Status, outcome.ErrorField, outcome.ErrorMessage);
        }
        OperationAnswers.Write(call.Response, decision, options, outcome.Value!);
        call.EndMessage();
        return GrpcStatus.Ok;
    }

    private ValueTask<Outcome<Explanation>> BeginExplain(ReadOnlySpan<byte> message, Decision decision, out CheckOptions options)
    {
        Span<AttributeRange> ranges = stackalloc AttributeRange[Bounds.AttributesMax];
        Span<NamedCost> costs = stackalloc NamedCost[Bounds.UnitsMax];
        return CheckRequestReader.TryRead(message, ranges, costs, out CheckRequest request, out options, out RequestError error)
            ? _operations.ExplainAsync(request, decision)
            : new(Outcome<Explanation>.Failed(DecisionStatus.InvalidArgument, error.Field, error.Message));
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
