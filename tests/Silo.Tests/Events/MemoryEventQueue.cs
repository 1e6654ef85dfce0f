using System.Collections.Concurrent;
using System.Threading.Channels;
using Quota.Silo.Events;

namespace Quota.Silo.Tests.Events;

/// <summary>Records in memory, as bytes, by the text of their ids; outlives dispatchers like a disk does.</summary>
internal sealed class MemoryEventQueue : IEventQueue
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<string, byte[]> _records = new();
    private readonly Channel<EventDelivery> _completed = Channel.CreateUnbounded<EventDelivery>();
    private int _readsToFail;
    private int _writesToFail;

    /// <summary>So many reads from now on find the store unavailable.</summary>
    public void FailReads(int count) => Volatile.Write(ref _readsToFail, count);

    /// <summary>So many writes from now on are not kept.</summary>
    public void FailWrites(int count) => Volatile.Write(ref _writesToFail, count);

    public byte[] Put(ThresholdEvent raised, EventDelivery delivery)
    {
        byte[] record = new byte[ThresholdEventRecord.BytesMax];
        int n = ThresholdEventRecord.Write(record, 0, raised, delivery);
        byte[] id = new byte[EventId.Bytes];
        raised.Id.WriteTo(id);
        _records[Convert.ToHexString(id)] = record[..n];
        return id;
    }

    public EventDelivery Get(ThresholdEvent raised)
    {
        Assert.True(ThresholdEventRecord.TryReadDelivery(_records[raised.Id.ToString().ToUpperInvariant()], out EventDelivery delivery));
        return delivery;
    }

    public void Forget(ThresholdEvent raised) => _records.TryRemove(raised.Id.ToString().ToUpperInvariant(), out _);

    /// <summary>What a start finds.</summary>
    public IEnumerable<(string Owner, byte[] Id, long NextAttemptNs)> Pending()
    {
        foreach ((string id, byte[] record) in _records)
        {
            Assert.True(ThresholdEventRecord.TryRead(record, out ThresholdEvent? raised, out EventDelivery delivery));
            if (delivery.State == EventState.Pending)
            {
                yield return (raised!.Namespace, Convert.FromHexString(id), delivery.NextAttemptNs);
            }
        }
    }

    /// <summary>The next delivery that was kept.</summary>
    public async Task<EventDelivery> NextCompletedAsync() => await _completed.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public ValueTask<EventRead> ReadAsync(ReadOnlyMemory<byte> recordId, CancellationToken cancellation)
    {
        if (Interlocked.Decrement(ref _readsToFail) >= 0)
        {
            return ValueTask.FromResult(new EventRead(EventReadStatus.Unavailable));
        }
        if (!_records.TryGetValue(Convert.ToHexString(recordId.Span), out byte[]? record))
        {
            return ValueTask.FromResult(new EventRead(EventReadStatus.Gone));
        }
        Assert.True(ThresholdEventRecord.TryRead(record, out ThresholdEvent? raised, out EventDelivery delivery));
        return ValueTask.FromResult(new EventRead(EventReadStatus.Found, raised, delivery));
    }

    public ValueTask<bool> CompleteAsync(ReadOnlyMemory<byte> recordId, EventDelivery delivery, CancellationToken cancellation)
    {
        if (Interlocked.Decrement(ref _writesToFail) >= 0)
        {
            return ValueTask.FromResult(false);
        }
        if (_records.TryGetValue(Convert.ToHexString(recordId.Span), out byte[]? record))
        {
            byte[] changed = [.. record];
            ThresholdEventRecord.WriteDelivery(changed, delivery);
            _records[Convert.ToHexString(recordId.Span)] = changed;
        }
        _completed.Writer.TryWrite(delivery);
        return ValueTask.FromResult(true);
    }
}
