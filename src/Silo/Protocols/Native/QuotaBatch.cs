using System.Buffers;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Limiting;

namespace Quota.Silo.Protocols.Native;

/// <summary>
/// The checks of one message on their way: all are begun before any is waited for, and the last is completed first, because
/// what makes it safe makes the earlier ones safe too. Used by one flow at a time; reused from batch to batch.
/// </summary>
internal sealed class QuotaBatch
{
    private readonly ILimiter _limiter;
    private readonly DecisionPool _decisions;
    private Decision?[] _decision = [];
    private PendingCheck[] _pending = [];
    private int _count;
    private bool _completed;

    public QuotaBatch(ILimiter limiter, DecisionPool decisions)
    {
        _limiter = limiter;
        _decisions = decisions;
    }

    /// <summary>The stream message this answers.</summary>
    public ulong CorrelationId { get; private set; }

    /// <summary>
    /// Decodes and begins every check of a message. If that gives an error nothing was begun. Checks there is no room for are
    /// answered as overloaded, each of them.
    /// </summary>
    /// <param name="reader">Over the message.</param>
    /// <param name="admitted">Whether the silo takes the batch on.</param>
    public GrpcStatus Begin(CheckBatchReader reader, bool admitted)
    {
        CheckBatchReader counter = reader;
        int count = counter.CountChecks();
        if (counter.Failure is { } failure)
        {
            return new GrpcStatus(GrpcStatusCode.InvalidArgument, $"request: malformed protobuf: {failure}");
        }
        if (count is < 1 or > Bounds.BatchChecksMax)
        {
            return new GrpcStatus(GrpcStatusCode.InvalidArgument, $"checks: must be 1 to {Bounds.BatchChecksMax}, was {count}");
        }
        if (_decision.Length < count)
        {
            Array.Resize(ref _decision, count);
            Array.Resize(ref _pending, count);
        }
        CorrelationId = counter.CorrelationId;
        _count = count;
        _completed = !admitted || !_decisions.TryRent(_decision.AsSpan(0, count));
        if (_completed)
        {
            Array.Clear(_decision, 0, count);
            return GrpcStatus.Ok;
        }
        Instant now = _limiter.Now();
        for (int i = 0; reader.TryReadCheck(out ReadOnlySpan<byte> check); i++)
        {
            _pending[i] = PendingCheck.Begin(_limiter, check, now, _decision[i]!);
        }
        return GrpcStatus.Ok;
    }

    /// <summary>Completes when every answer may leave.</summary>
    public ValueTask CompleteAsync()
    {
        for (int i = _completed ? -1 : _count - 1; i >= 0; i--)
        {
            if (_pending[i].Begun)
            {
                ValueTask one = _limiter.CompleteAsync(_decision[i]!);
                if (!one.IsCompletedSuccessfully)
                {
                    return CompleteSlowAsync(one, i);
                }
                one.GetAwaiter().GetResult();
            }
        }
        _completed = true;
        return default;
    }

    /// <summary>Writes the fields of a <c>CheckQuotaBatchResponse</c>.</summary>
    public void WriteBatchResponse(IBufferWriter<byte> output) => WriteResults(output, CheckQuotaBatchResponse.ResultsFieldNumber);

    /// <summary>Writes the fields of a <c>StreamQuotaResponse</c>; returns its length.</summary>
    public int WriteStreamResponse(IBufferWriter<byte> output)
    {
        int head = CheckResponseWriter.WriteNumber(output.GetSpan(CheckResponseWriter.NumberBytesMax), StreamQuotaResponse.CorrelationIdFieldNumber, CorrelationId);
        output.Advance(head);
        return head + WriteResults(output, StreamQuotaResponse.ResultsFieldNumber);
    }

    /// <summary>Gives the decisions back. Those of a batch whose completion failed are given up instead.</summary>
    public void Release()
    {
        Span<Decision?> used = _decision.AsSpan(0, _count);
        if (_count > 0 && used[0] is not null)
        {
            if (_completed)
            {
                _decisions.Return(used);
            }
            else
            {
                _decisions.Discard(_count);
            }
        }
        used.Clear();
        _count = 0;
        CorrelationId = 0;
    }

    private async ValueTask CompleteSlowAsync(ValueTask last, int index)
    {
        await last.ConfigureAwait(false);
        for (int i = index - 1; i >= 0; i--)
        {
            if (_pending[i].Begun)
            {
                await _limiter.CompleteAsync(_decision[i]!).ConfigureAwait(false);
            }
        }
        _completed = true;
    }

    private int WriteResults(IBufferWriter<byte> output, int field)
    {
        Invariant.Check(_completed);
        Decision? overloaded = null;
        int total = 0;
        for (int i = 0; i < _count; i++)
        {
            Decision decision = _decision[i] ?? (overloaded ??= Overloaded());
            CheckOptions options = _pending[i].Options;
            Span<byte> target = output.GetSpan(CheckResponseWriter.BytesMax(decision, options));
            int length = CheckResponseWriter.WriteResult(target, field, decision, options);
            output.Advance(length);
            total += length;
        }
        return total;
    }

    private Decision Overloaded()
    {
        Decision decision = new();
        decision.Reset(_limiter.Now());
        decision.Reject(DecisionStatus.Overloaded, null, "this silo has all the checks in flight it takes");
        return decision;
    }
}
