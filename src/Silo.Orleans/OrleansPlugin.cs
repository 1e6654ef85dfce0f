using Quota.Silo.Cluster;
using Quota.Silo.Orleans.Membership;
using Quota.Silo.Store;

namespace Quota.Silo.Orleans;

/// <summary>Places partitions with Orleans.</summary>
internal sealed class OrleansPlugin : IClusterPlugin
{
    public async Task<(IAsyncDisposable? Membership, string? Error)> JoinAsync(OrleansSettings settings, PartitionHost host, CancellationToken cancellation)
    {
        if (settings.Tls is { } tls && SiloTls.Problem(tls) is { } problem)
        {
            return (null, problem);
        }
        if (settings.Membership is PostgresSettings postgres && await PostgresMembership.PrepareAsync(postgres, cancellation).ConfigureAwait(false) is { } missing)
        {
            return (null, missing);
        }
        var member = new OrleansMember(settings, host);
        if (await member.StartAsync(cancellation).ConfigureAwait(false) is { } error)
        {
            await member.DisposeAsync().ConfigureAwait(false);
            return (null, error);
        }
        return (member, null);
    }
}
