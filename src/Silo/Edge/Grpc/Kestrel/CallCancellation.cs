namespace Quota.Silo.Edge.Grpc.Kestrel;

/// <summary>
/// The cancellation of one call at a time: deadline or lost connection. Its source is kept for the next call unless it fired.
/// <para>
/// Safety: <see cref="Token"/> and <see cref="Release"/> are called by the call's own flow, never at once. Only the timer and
/// the connection fire the source, on other threads; <see cref="Release"/> first takes the connection's registration back, which
/// waits for a callback that runs, and keeps the source only if <see cref="CancellationTokenSource.TryReset"/> says it has not fired.
/// </para>
/// </summary>
internal sealed class CallCancellation
{
    private CancellationTokenSource? _source;
    private CancellationTokenRegistration _aborted;
    private bool _active;

    /// <summary>The token of this call; the first use arms it.</summary>
    /// <param name="aborted">Fires when the connection or the stream is lost.</param>
    /// <param name="left">Time until the deadline, if there is one.</param>
    public CancellationToken Token(CancellationToken aborted, TimeSpan? left)
    {
        if (!_active)
        {
            _active = true;
            _source ??= new CancellationTokenSource();
            if (left is { } time && time.TotalMilliseconds < int.MaxValue)
            {
                _source.CancelAfter(time);
            }
            _aborted = aborted.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _source);
        }
        return _source!.Token;
    }

    /// <summary>Ends the call.</summary>
    public void Release()
    {
        if (!_active)
        {
            return;
        }
        _active = false;
        _aborted.Dispose();
        _aborted = default;
        if (!_source!.TryReset())
        {
            _source.Dispose();
            _source = null;
        }
    }
}
