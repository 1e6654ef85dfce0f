using Quota.Silo.Limiting;

namespace Quota.Silo.Orleans.Tests.Support;

/// <summary>Clients that check a few keys through whatever silos there are, and count what they were answered.</summary>
internal sealed class ClusterLoad : IDisposable
{
    private const int Clients = 6;

    private readonly CancellationTokenSource _stop = new();
    private readonly int[] _allowed;
    private readonly Task _running;
    private int _answered;
    private int _unanswered;
    private volatile string? _fault;

    public ClusterLoad(Func<OrleansSilo[]> silos, int keys)
    {
        _allowed = new int[keys];
        _running = Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => RunAsync(silos, client))));
    }

    /// <summary>By key, how often it was allowed.</summary>
    public IReadOnlyList<int> AllowedByKey => _allowed;

    /// <summary>Checks without a decision.</summary>
    public int Unanswered => Volatile.Read(ref _unanswered);

    /// <summary>Waits until this many more checks have been answered.</summary>
    public async Task RunAtLeastAsync(int checks)
    {
        int target = Volatile.Read(ref _answered) + checks;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (Volatile.Read(ref _answered) < target && !_running.IsCompleted)
        {
            Assert.True(clock.Elapsed < OrleansTestCluster.Bound, $"{_answered} of {target} checks are answered, {_unanswered} are not: {_fault}");
            await Task.Delay(5);
        }
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(OrleansTestCluster.Bound);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task RunAsync(Func<OrleansSilo[]> silos, int client)
    {
        for (int i = client; !_stop.IsCancellationRequested; i += Clients)
        {
            OrleansSilo[] now = silos();
            int key = i / 7 % _allowed.Length;
            Decision decision = await now[i % now.Length].CheckAsync("key-" + key);
            if (decision.Status != DecisionStatus.Decided)
            {
                Interlocked.Increment(ref _unanswered);
                _fault = decision.ErrorMessage;
            }
            else
            {
                Interlocked.Increment(ref _answered);
                Interlocked.Add(ref _allowed[key], decision.Allowed ? 1 : 0);
            }
        }
    }
}
