using System.Threading.Channels;
using Quota.Silo.Cluster;
using Quota.Silo.Cluster.Forwarding;

namespace Quota.Silo.Orleans;

/// <summary>
/// This silo's membership of the cluster, for as long as the process runs.
/// <para>
/// Safety. Orleans ends a member that the others have declared dead, for example because it was paused; it can only come back as a new
/// one. The silo itself goes on, because its answers do not depend on its membership: it stops sending, decides everything through the
/// store, and joins anew. One loop starts and ends members, so there is at most one at a time.
/// </para>
/// </summary>
internal sealed class OrleansMember(OrleansSettings settings, PartitionHost host) : IAsyncDisposable
{
    private static readonly TimeSpan RejoinInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(10);

    private readonly ILogger _logger = host.Loggers.CreateLogger("Quota.Orleans");
    private readonly CancellationTokenSource _leaving = new();
    private IHost? _member;
    private Task _running = Task.CompletedTask;

    /// <summary>Joins for the first time; returns why that failed, or null.</summary>
    public async Task<string?> StartAsync(CancellationToken cancellation)
    {
        Channel<string> ends = Channel.CreateBounded<string>(1);
        string? error = await TryJoinAsync(ends, cancellation).ConfigureAwait(false);
        if (error is null)
        {
            _running = Task.Run(() => RunAsync(ends), CancellationToken.None);
        }
        return error;
    }

    public async ValueTask DisposeAsync()
    {
        await _leaving.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        await LeaveAsync(LeaveTimeout).ConfigureAwait(false);
        _leaving.Dispose();
    }

    private async Task RunAsync(Channel<string> ends)
    {
        try
        {
            while (true)
            {
                string reason = await ends.Reader.ReadAsync(_leaving.Token).ConfigureAwait(false);
                _logger.LogWarning("This silo is not part of the Orleans cluster any more and joins anew; meanwhile it decides in the store: {Reason}", reason);
                // It is dead to the others: there is nothing to hand over in an orderly way.
                await LeaveAsync(TimeSpan.Zero).ConfigureAwait(false);
                ends = Channel.CreateBounded<string>(1);
                while (await TryJoinAsync(ends, _leaving.Token).ConfigureAwait(false) is { } error)
                {
                    _logger.LogWarning("Cannot join the Orleans cluster yet: {Reason}", error);
                    await Task.Delay(RejoinInterval, _leaving.Token).ConfigureAwait(false);
                }
                _logger.LogInformation("This silo is part of the Orleans cluster again");
            }
        }
        catch (OperationCanceledException)
        {
            // The process stops.
        }
    }

    private async Task<string?> TryJoinAsync(Channel<string> ends, CancellationToken cancellation)
    {
        IHost member = OrleansHost.Build(settings, host, reason => ends.Writer.TryWrite(reason));
        try
        {
            await member.StartAsync(cancellation).ConfigureAwait(false);
            _member = member;
            return null;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // Whatever keeps Orleans from starting: the message is for the operator, who has configured it.
            await DisposeAsync(member).ConfigureAwait(false);
            return $"cannot join the Orleans cluster {settings.ClusterId} at {settings.Address}: {e.GetBaseException().Message}";
        }
    }

    private async Task LeaveAsync(TimeSpan timeout)
    {
        if (_member is null)
        {
            return;
        }
        using var bound = new CancellationTokenSource(timeout);
        try
        {
            await _member.StopAsync(bound.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _logger.LogWarning(e, "Orleans did not stop in an orderly way");
        }
        host.Router.Follow(new PartitionMap(settings.Partitions.Count, []), NoTransport.Instance);
        for (int partition = 0; partition < settings.Partitions.Count; partition++)
        {
            host.Hosting.Drop(partition);
        }
        await DisposeAsync(_member).ConfigureAwait(false);
        _member = null;
    }

    private static async ValueTask DisposeAsync(IHost member)
    {
        if (member is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Of a silo that is alone.</summary>
    private sealed class NoTransport : IPartitionTransport
    {
        public static readonly NoTransport Instance = new();

        public ValueTask<ReadOnlyMemory<byte>?> SendAsync(PartitionMember owner, ReadOnlyMemory<byte> batch, CancellationToken cancellation) => default;
    }
}
