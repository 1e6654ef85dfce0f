using Quota.Silo.Cluster;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Orleans.Partitions;

namespace Quota.Silo.Orleans;

/// <summary>
/// Sends batches over Orleans' own connections, to the service that each silo has; no grain and no directory is on the way.
/// <para>
/// Safety: Orleans works on a call at most once. A call that was rejected, by this silo because there is no way to the other one or by the
/// other one because it stops, was not worked on; a silo that became unavailable (a special rejection) may have worked on it, and so may
/// whatever else was not answered.
/// </para>
/// </summary>
internal sealed class OrleansTransport(PartitionServiceClient client, PartitionHost host) : IPartitionTransport
{
    private readonly ILogger _logger = host.Loggers.CreateLogger("Quota.Orleans");
    private long _lastLogMs = long.MinValue / 2;

    public async ValueTask<ReadOnlyMemory<byte>?> SendAsync(PartitionMember owner, ReadOnlyMemory<byte> batch, CancellationToken cancellation)
    {
        try
        {
            return await client.Of((SiloAddress)owner.Handle).AnswerAsync(batch).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Orleans has many exceptions for "it did not work"; any of them is for the log, once a second.
            long now = Environment.TickCount64;
            long last = Volatile.Read(ref _lastLogMs);
            if (now - last >= Contracts.Bounds.LogIntervalMs && Interlocked.CompareExchange(ref _lastLogMs, now, last) == last)
            {
                _logger.LogWarning("The silo {Silo} did not answer: {Reason}", owner.Name, e.Message);
            }
            return e is OrleansMessageRejectionException and not SiloUnavailableException ? ForwardedAnswer.Refusal : default(ReadOnlyMemory<byte>?);
        }
    }
}
