using System.Diagnostics;
using Quota.Contracts;

namespace Quota.Silo.Store;

/// <summary>The time that one call to a shared store has left, its retries included (<see cref="StoreSettings.TimeoutMs"/>).</summary>
internal readonly struct StoreDeadline(int timeoutMs)
{
    private readonly long _start = Stopwatch.GetTimestamp();

    public TimeSpan Left => TimeSpan.FromMilliseconds(timeoutMs) - Stopwatch.GetElapsedTime(_start);

    public bool IsOver => Left <= TimeSpan.Zero;

    /// <summary>What the next attempt may take: its part of the whole, at most what is left.</summary>
    public TimeSpan Attempt
    {
        get
        {
            TimeSpan left = Left;
            TimeSpan part = TimeSpan.FromMilliseconds((double)timeoutMs / Bounds.StoreAttemptsPerCall);
            return left < part ? (left > TimeSpan.Zero ? left : TimeSpan.Zero) : part;
        }
    }

    /// <summary>Pauses before the next attempt; false if no time is left for one.</summary>
    public async ValueTask<bool> PauseAsync(int attempt, CancellationToken cancellation)
    {
        TimeSpan pause = StorePause.After(attempt);
        if (pause >= Left)
        {
            return false;
        }
        await Task.Delay(pause, cancellation).ConfigureAwait(false);
        return true;
    }
}
