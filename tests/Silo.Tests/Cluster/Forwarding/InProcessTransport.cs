using System.Collections.Concurrent;
using Quota.Silo.Cluster.Forwarding;

namespace Quota.Silo.Tests.Cluster.Forwarding;

/// <summary>A transport between silos of one process, whose faults a test sets.</summary>
internal sealed class InProcessTransport : IPartitionTransport
{
    private readonly ConcurrentDictionary<string, Func<ReadOnlyMemory<byte>, ValueTask<ReadOnlyMemory<byte>>>> _silos = new();

    /// <summary>Batches with checks in them that were sent.</summary>
    public ConcurrentQueue<(string Silo, byte[] Batch)> Sent { get; } = new();

    /// <summary>Silos that nothing reaches.</summary>
    public ConcurrentDictionary<string, bool> Unreachable { get; } = new();

    /// <summary>Silos that work, and whose answers are lost.</summary>
    public ConcurrentDictionary<string, bool> Mute { get; } = new();

    /// <summary>Answers of a silo wait for this.</summary>
    public ConcurrentDictionary<string, Task> Held { get; } = new();

    public void Add(string silo, Func<ReadOnlyMemory<byte>, ValueTask<ReadOnlyMemory<byte>>> serve) => _silos[silo] = serve;

    public async ValueTask<ReadOnlyMemory<byte>?> SendAsync(PartitionMember owner, ReadOnlyMemory<byte> batch, CancellationToken cancellation)
    {
        if (batch.Length > ForwardedCheck.BatchHeadBytes)
        {
            Sent.Enqueue((owner.Name, batch.ToArray()));
        }
        if (Unreachable.ContainsKey(owner.Name))
        {
            return null;
        }
        ReadOnlyMemory<byte> answer = await _silos[owner.Name](batch);
        if (Held.TryGetValue(owner.Name, out Task? held) && batch.Length > ForwardedCheck.BatchHeadBytes)
        {
            await held.WaitAsync(cancellation);
        }
        return Mute.ContainsKey(owner.Name) && batch.Length > ForwardedCheck.BatchHeadBytes ? default(ReadOnlyMemory<byte>?) : answer;
    }
}
