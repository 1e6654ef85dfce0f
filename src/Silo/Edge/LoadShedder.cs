namespace Quota.Silo.Edge;

/// <summary>
/// Bounds the work taken on at once. What does not fit is refused before anything is read or allocated for it, so that an
/// overloaded silo still answers quickly.
/// <para>
/// Safety: each bound is one counter that is raised first and taken back if it went past the bound. The number admitted is
/// therefore never above it; at the very edge a call may be refused while another's failed attempt is being taken back.
/// </para>
/// </summary>
public sealed class LoadShedder
{
    private readonly int _streamsMax;
    private int _calls;
    private int _streams;
    private long _shed;

    /// <param name="callsMax">Calls, and batches inside streams, being worked on.</param>
    /// <param name="streamsMax">Streams open.</param>
    public LoadShedder(int callsMax, int streamsMax)
    {
        CallsMax = callsMax;
        _streamsMax = streamsMax;
    }

    /// <summary>Calls, and batches inside streams, that may be worked on at once.</summary>
    public int CallsMax { get; }

    /// <summary>Calls being worked on now.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Streams open now.</summary>
    public int Streams => Volatile.Read(ref _streams);

    /// <summary>Calls, batches and streams refused since the start.</summary>
    public long Shed => Volatile.Read(ref _shed);

    /// <summary>Takes a place for a call or a batch; on true, <see cref="LeaveCall"/> gives it back.</summary>
    public bool TryEnterCall() => TryEnter(ref _calls, CallsMax);

    public void LeaveCall() => Interlocked.Decrement(ref _calls);

    /// <summary>Takes a place for a stream; on true, <see cref="LeaveStream"/> gives it back.</summary>
    public bool TryEnterStream() => TryEnter(ref _streams, _streamsMax);

    public void LeaveStream() => Interlocked.Decrement(ref _streams);

    private bool TryEnter(ref int count, int max)
    {
        if (Interlocked.Increment(ref count) <= max)
        {
            return true;
        }
        Interlocked.Decrement(ref count);
        Interlocked.Increment(ref _shed);
        return false;
    }
}
