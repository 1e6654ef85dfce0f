using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Quota.Silo.Orleans.Tests.Support;

/// <summary>
/// Callers that ask all silos without a pause and keep their books. A check with a request id is repeated, at one silo after the other,
/// until it is answered, so its key's book is exact. A check without one is made once.
/// </summary>
internal sealed class ProcessLoad
{
    /// <summary>As many as keep two cores busy with three silos and their store.</summary>
    private const int Callers = 16;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan GivenUpAfter = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(20);

    private readonly OrleansProcess[] _silos;
    private readonly CallerKey[] _keys;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<CallerAttempt> _attempts = new();
    private readonly ConcurrentDictionary<long, (CallerKey Key, int Silo)> _open = new();
    private readonly Task _running;
    private long _calls;
    private long _ids;

    /// <param name="silos">Whoever is there; a silo that is started again takes the place of what it was.</param>
    /// <param name="keys">What is asked for, in turns.</param>
    public ProcessLoad(OrleansProcess[] silos, CallerKey[] keys)
    {
        _silos = silos;
        _keys = keys;
        _running = Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(() => RunAsync(new Random(caller)))));
    }

    /// <summary>Every call that is over.</summary>
    public IReadOnlyCollection<CallerAttempt> Attempts => _attempts;

    /// <summary>Checks that nobody answered at all.</summary>
    public ConcurrentQueue<string> GivenUp { get; } = new();

    /// <summary>Calls that are being made at other silos than this one, for keys that this one owns.</summary>
    public int OnTheirWayTo(int owner) => _open.Values.Count(c => c.Key.Owner == owner && c.Silo != owner);

    /// <summary>Waits for a condition on what was seen so far.</summary>
    public async Task UntilAsync(Func<bool> condition, TimeSpan bound, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < bound && !_running.IsCompleted, $"not {what} after {clock.Elapsed.TotalSeconds:N0} s and {_attempts.Count} calls");
            await Task.Delay(1);
        }
    }

    /// <summary>Makes no more checks, and returns when those that were made are answered.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(Random random)
    {
        while (!_stop.IsCancellationRequested)
        {
            CallerKey key = _keys[random.Next(_keys.Length)];
            int silo = random.Next(_silos.Length);
            if (key.HasIds)
            {
                await UntilAnsweredAsync(key, silo);
            }
            else
            {
                CheckReply reply = await AskAsync(key, silo, null);
                key.Note(reply);
                if (reply.IsUncounted)
                {
                    await Task.Delay(RetryPause);
                }
            }
        }
    }

    private async Task UntilAnsweredAsync(CallerKey key, int silo)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"r{Interlocked.Increment(ref _ids)}");
        var clock = Stopwatch.StartNew();
        while (true)
        {
            CheckReply reply = await AskAsync(key, silo, id);
            if (reply.Allowed is not null)
            {
                key.Note(reply);
                return;
            }
            if (clock.Elapsed > GivenUpAfter)
            {
                GivenUp.Enqueue($"{key.Namespace}/{key.Name} {id}");
                return;
            }
            silo = (silo + 1) % _silos.Length;
            await Task.Delay(RetryPause);
        }
    }

    private async Task<CheckReply> AskAsync(CallerKey key, int silo, string? id)
    {
        long call = Interlocked.Increment(ref _calls);
        _open[call] = (key, silo);
        long start = Stopwatch.GetTimestamp();
        CheckReply reply = await _silos[silo].AskAsync(key.Namespace, key.Name, id, Patience);
        _attempts.Enqueue(new CallerAttempt(key, silo, start, Stopwatch.GetTimestamp(), reply.Allowed is not null));
        _open.TryRemove(call, out _);
        return reply;
    }
}
