using System.Runtime.CompilerServices;
using Npgsql;

namespace Quota.Silo.Store.Postgres;

/// <summary>
/// Runs one call on a connection of the pool, again after failures that pass, until its time is over.
/// <para>
/// Safe for concurrent use: the pool gives a connection to one call at a time, and nothing else is shared. A call may be sent
/// again even if it wrote, because what it writes names the versions it expects: of two that arrive, one finds its conditions
/// gone. What the second cannot see is whether it was its own first that changed them; that is what <c>maybeDone</c> tells the call.
/// </para>
/// </summary>
internal sealed class PostgresCalls(NpgsqlDataSource source, int timeoutMs, string name) : IAsyncDisposable
{
    /// <summary>
    /// How much longer than its time an attempt is waited for. To cancel a statement the driver asks the server over another connection, and
    /// waits for it, which on a network that is cut takes seconds: such an attempt is left to itself, and ends by itself.
    /// </summary>
    private static readonly TimeSpan Overtime = TimeSpan.FromMilliseconds(50);

    public StoreCounters Counters { get; } = new();

    /// <summary>One attempt.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="maybeDone">An earlier attempt was sent whole and its answer did not come.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    public delegate Task<TResult> Attempt<TResult>(NpgsqlConnection connection, bool maybeDone, CancellationToken cancellation);

    /// <param name="attempt">What to do; its errors decide what happens next.</param>
    /// <param name="count">Counts one attempt.</param>
    /// <param name="cancellation">Gives up; a write passes <see cref="CancellationToken.None"/>.</param>
    /// <exception cref="StoreException">The store refuses, or does not answer in time.</exception>
    public async Task<TResult> RunAsync<TResult>(Attempt<TResult> attempt, Action<StoreCounters> count, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var deadline = new StoreDeadline(timeoutMs);
        bool maybeDone = false;
        for (int n = 1; ; n++)
        {
            var sent = new StrongBox<bool>();
            Exception failure;
            TimeSpan part = deadline.Attempt;
            Task<TResult> once = OnceAsync(part, maybeDone, sent);
            try
            {
                return await once.WaitAsync(part + Overtime, CancellationToken.None).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                throw;
            }
            catch (PostgresException e) when (PostgresErrors.IsDefinite(e))
            {
                if (!PostgresErrors.MayPass(e))
                {
                    throw new StoreException($"{name}: {PostgresErrors.Explain(e)}", e);
                }
                Counters.CountThrottle();
                failure = e;
            }
            catch (Exception e) when (e is NpgsqlException or OperationCanceledException or IOException or System.Net.Sockets.SocketException or TimeoutException)
            {
                failure = e;
                // An attempt that is left to itself may be sent yet.
                if (sent.Value || !once.IsCompleted)
                {
                    Counters.CountUnknown();
                    maybeDone = true;
                }
            }
            if (deadline.IsOver || !await deadline.PauseAsync(n, cancellation).ConfigureAwait(false))
            {
                throw new StoreException(
                    $"{name}: no answer within {timeoutMs} ms, {n} attempts{(maybeDone ? "; whether a write among them happened is not known" : "")}: {PostgresErrors.Explain(failure)}",
                    failure)
                { MayPass = true };
            }
            Counters.CountRetry();
        }

        async Task<TResult> OnceAsync(TimeSpan part, bool isRepeated, StrongBox<bool> isSent)
        {
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            cancel.CancelAfter(part);
            await using NpgsqlConnection connection = await source.OpenConnectionAsync(cancel.Token).ConfigureAwait(false);
            count(Counters);
            isSent.Value = true;
            return await attempt(connection, isRepeated, cancel.Token).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();
}
