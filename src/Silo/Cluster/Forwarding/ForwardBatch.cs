using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Execution;
using Quota.Silo.Limiting;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>Checks that travel together. Filled under its lane's lock, then left as it is.</summary>
internal sealed class ForwardBatch
{
    private byte[] _bytes = new byte[1024];
    private int _length = ForwardedCheck.BatchHeadBytes;

    /// <summary>The checks, in their order.</summary>
    public List<ForwardedCall> Calls { get; } = [];

    /// <summary>Adds a check; null if there is no room for it.</summary>
    public ForwardedCall? TryAdd(in GrainCommand command, KeyTreatment treatment, PlanModel[] levels, int partition, long epoch)
    {
        int size = ForwardedCheck.Size(command, levels.Length);
        if (Calls.Count >= Bounds.ForwardBatchChecksMax || _length + size > Bounds.ForwardBatchBytesMax)
        {
            return null;
        }
        if (_length + size > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Min(Bounds.ForwardBatchBytesMax, Math.Max(2 * _bytes.Length, _length + size)));
        }
        int written = ForwardedCheck.Write(_bytes.AsSpan(_length), command, partition, epoch, levels);
        Invariant.Check(written == size);
        var call = new ForwardedCall(command, treatment, levels, partition, this, _length, size);
        _length += size;
        Calls.Add(call);
        return call;
    }

    /// <summary>The whole batch, ready to be sent.</summary>
    public ReadOnlyMemory<byte> Seal()
    {
        ForwardedCheck.WriteBatchHead(_bytes, Calls.Count);
        return _bytes.AsMemory(0, _length);
    }

    /// <summary>A part of it.</summary>
    public ReadOnlySpan<byte> Bytes(int start, int length) => _bytes.AsSpan(start, length);
}
