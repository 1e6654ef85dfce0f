namespace Quota.Silo.Cluster.Forwarding;

/// <summary>How a batch gets to another silo and its answers back. Safe for concurrent use.</summary>
internal interface IPartitionTransport
{
    /// <summary>
    /// Sends a batch (<see cref="ForwardedCheck"/>) to a silo, which works on it at most once, and returns its answers
    /// (<see cref="ForwardedAnswer"/>); <see cref="ForwardedAnswer.Refusal"/> if the silo certainly has not worked on it; null if nobody
    /// knows whether it has. Never throws.
    /// </summary>
    /// <param name="owner">A member of the map in force, or of one before it.</param>
    /// <param name="batch">Left alone by the caller for good: the transport may still read it after this has completed.</param>
    /// <param name="cancellation">Nobody waits for the answers any more.</param>
    ValueTask<ReadOnlyMemory<byte>?> SendAsync(PartitionMember owner, ReadOnlyMemory<byte> batch, CancellationToken cancellation);
}
