using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Microsoft.Extensions.ObjectPool;
using Quota.Contracts;
using Quota.Silo.Edge;
using Quota.Silo.Edge.Grpc;

namespace Quota.Silo.Protocols.Native;

/// <summary>
/// One StreamQuota call: batches in, answers out in the same order. Batches are begun as they arrive, up to
/// <see cref="Bounds.StreamBatchesPendingMax"/> ahead of the answers, so that one slow sync delays answers but does not stop
/// the work; beyond that the stream is not read, and HTTP/2's flow control holds the caller back.
/// <para>
/// Safety: two flows, joined by a bounded queue. <see cref="ReadBatchesAsync"/> alone reads the call and begins batches;
/// <see cref="AnswerAsync"/> alone completes, writes and releases them. A batch belongs to the flow that holds it. The reader
/// closes the queue whichever way it ends, and the call ends after the answering flow has emptied it: what was begun is always
/// completed, also when the caller is gone or the silo drains.
/// </para>
/// </summary>
internal sealed class QuotaStream
{
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromMilliseconds(Bounds.StreamFlushTimeoutMs);

    private readonly IGrpcCall _call;
    private readonly ObjectPool<QuotaBatch> _batches;
    private readonly LoadShedder _shedder;
    private readonly Channel<Item> _pending = Channel.CreateBounded<Item>(new BoundedChannelOptions(Bounds.StreamBatchesPendingMax)
    {
        SingleReader = true,
        SingleWriter = true,
        AllowSynchronousContinuations = true,
    });

    private volatile Exception? _fault;

    public QuotaStream(IGrpcCall call, ObjectPool<QuotaBatch> batches, LoadShedder shedder)
    {
        _call = call;
        _batches = batches;
        _shedder = shedder;
    }

    /// <summary>Whether somebody still listens to the answers.</summary>
    private bool IsHeard => _fault is null && !_call.Cancellation.IsCancellationRequested;

    /// <summary>Serves the stream to its end.</summary>
    public async ValueTask<GrpcStatus> RunAsync()
    {
        Task answers = AnswerAsync();
        GrpcStatus status;
        try
        {
            status = await ReadBatchesAsync().ConfigureAwait(false);
        }
        finally
        {
            _pending.Writer.Complete();
            await answers.ConfigureAwait(false);
        }
        if (_fault is { } fault)
        {
            ExceptionDispatchInfo.Throw(fault);
        }
        return status;
    }

    private async Task<GrpcStatus> ReadBatchesAsync()
    {
        while (true)
        {
            GrpcRead read = await _call.ReadAsync().ConfigureAwait(false);
            if (!read.HasMessage || _fault is not null)
            {
                return read.Status;
            }
            QuotaBatch batch = _batches.Get();
            bool admitted = _shedder.TryEnterCall();
            GrpcStatus status = new(GrpcStatusCode.Internal);
            try
            {
                status = batch.Begin(CheckBatchReader.OverStream(read.Message.Span), admitted);
            }
            finally
            {
                if (!status.IsOk)
                {
                    Finish(new Item(batch, admitted));
                }
            }
            if (!status.IsOk)
            {
                return status;
            }
            await _pending.Writer.WriteAsync(new Item(batch, admitted)).ConfigureAwait(false);
        }
    }

    private async Task AnswerAsync()
    {
        ChannelReader<Item> pending = _pending.Reader;
        int unflushed = 0;
        while (await pending.WaitToReadAsync().ConfigureAwait(false))
        {
            while (pending.TryRead(out Item item))
            {
                unflushed = await AnswerOneAsync(item, unflushed).ConfigureAwait(false);
            }
            if (unflushed > 0)
            {
                await FlushAsync().ConfigureAwait(false);
            }
            unflushed = 0;
        }
    }

    /// <summary>Completes and writes one batch; returns the bytes that wait to be flushed. A fault ends the stream at its next message, but not this flow: later batches still must be completed.</summary>
    private async ValueTask<int> AnswerOneAsync(Item item, int unflushed)
    {
        try
        {
            ValueTask completion = item.Batch.CompleteAsync();
            if (!completion.IsCompleted && unflushed > 0)
            {
                await FlushAsync().ConfigureAwait(false);
                unflushed = 0;
            }
            await completion.ConfigureAwait(false);
            if (IsHeard)
            {
                unflushed += item.Batch.WriteStreamResponse(_call.Response);
                _call.EndMessage();
            }
            if (unflushed >= Bounds.StreamUnflushedBytesMax)
            {
                await FlushAsync().ConfigureAwait(false);
                unflushed = 0;
            }
        }
        catch (Exception e)
        {
            _fault ??= e;
        }
        finally
        {
            Finish(item);
        }
        return unflushed;
    }

    private async ValueTask FlushAsync()
    {
        try
        {
            if (IsHeard)
            {
                ValueTask flush = _call.FlushAsync();
                await (flush.IsCompleted ? flush : new ValueTask(flush.AsTask().WaitAsync(FlushTimeout))).ConfigureAwait(false);
            }
        }
        catch (TimeoutException)
        {
            // Its batches hold decisions that other callers could have: from here on they are completed and dropped.
            _call.Abort();
        }
        catch (Exception e)
        {
            _fault ??= e;
        }
    }

    private void Finish(Item item)
    {
        item.Batch.Release();
        _batches.Return(item.Batch);
        if (item.Admitted)
        {
            _shedder.LeaveCall();
        }
    }

    private readonly record struct Item(QuotaBatch Batch, bool Admitted);
}
