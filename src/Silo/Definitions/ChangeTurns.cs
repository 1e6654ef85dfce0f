using Quota.Contracts;
using Quota.Silo.Definitions.Log;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions;

/// <summary>
/// Changes of definitions, one at a time. In a cluster each begins by taking in what other silos have changed, and is begun again
/// if one of them was faster.
/// <para>
/// Safety: one change, or one look at the log, holds <see cref="_changing"/> at a time, so what was judged is still true within this
/// silo when it is made; between silos the log sees to it.
/// </para>
/// </summary>
/// <param name="replica">The cluster's definitions; null for a silo by itself.</param>
internal sealed class ChangeTurns(DefinitionReplica? replica)
{
    private readonly SemaphoreSlim _changing = new(1, 1);

    /// <summary>Runs one change.</summary>
    /// <param name="attempt">Judges and makes it; begun anew if it says that it was overtaken.</param>
    /// <param name="failed">What the result of a change is that could not even be judged.</param>
    /// <param name="cancellation">Gives up between attempts.</param>
    public async ValueTask<TResult> RunAsync<TResult>(Func<ValueTask<(TResult Result, bool IsOvertaken)>> attempt, Func<DefinitionError, TResult> failed, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            for (int i = 0; i < Bounds.ChangeAttemptsMax; i++)
            {
                if (await CatchUpAsync(cancellation).ConfigureAwait(false) is { } error)
                {
                    return failed(error);
                }
                (TResult result, bool isOvertaken) = await attempt().ConfigureAwait(false);
                if (!isOvertaken)
                {
                    return result;
                }
            }
            return failed(Overtaken);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>What a change is told that others have overtaken too often.</summary>
    public static DefinitionError Overtaken { get; } = new(DefinitionErrorCode.Unavailable, "", "other silos change definitions all the time: try again");

    /// <summary>Takes in what other silos have changed; within a turn.</summary>
    /// <returns>Why that was not possible, or null.</returns>
    public async ValueTask<DefinitionError?> CatchUpAsync(CancellationToken cancellation)
    {
        try
        {
            if (replica is not null)
            {
                await replica.CatchUpAsync(cancellation).ConfigureAwait(false);
            }
            return null;
        }
        catch (StoreException e)
        {
            return new DefinitionError(DefinitionErrorCode.Unavailable, "", e.Message);
        }
    }
}
