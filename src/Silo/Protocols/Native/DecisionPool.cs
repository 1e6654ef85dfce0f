using Quota.Silo.Limiting;

namespace Quota.Silo.Protocols.Native;

/// <summary>
/// Decisions to use again, and the bound on how many are in use at once. A batch takes all of its decisions in one step.
/// <para>
/// Safety: one lock around the stack and the count; whoever takes a decision owns it until it is returned, and a decision that
/// might still be completed by somebody (<see cref="Discard"/>) is never handed out again.
/// </para>
/// </summary>
internal sealed class DecisionPool
{
    private readonly Lock _lock = new();
    private readonly int _max;
    private Decision[] _free = new Decision[64];
    private int _freeCount;
    private int _inUse;

    /// <param name="max">Most decisions in use.</param>
    public DecisionPool(int max) => _max = max;

    /// <summary>Decisions in use now.</summary>
    public int InUse
    {
        get
        {
            lock (_lock)
            {
                return _inUse;
            }
        }
    }

    /// <summary>Fills <paramref name="target"/>, or does nothing and returns false if that would pass the bound.</summary>
    public bool TryRent(Span<Decision?> target)
    {
        int reused;
        lock (_lock)
        {
            if (_inUse + target.Length > _max)
            {
                return false;
            }
            _inUse += target.Length;
            reused = Math.Min(_freeCount, target.Length);
            _freeCount -= reused;
            _free.AsSpan(_freeCount, reused).CopyTo(target!);
        }
        for (int i = reused; i < target.Length; i++)
        {
            target[i] = new Decision();
        }
        return true;
    }

    /// <summary>Gives decisions back that nobody will complete any more.</summary>
    public void Return(ReadOnlySpan<Decision?> decisions)
    {
        lock (_lock)
        {
            _inUse -= decisions.Length;
            if (_freeCount + decisions.Length > _free.Length)
            {
                Array.Resize(ref _free, Math.Max(_free.Length * 2, _freeCount + decisions.Length));
            }
            decisions.CopyTo(_free.AsSpan(_freeCount)!);
            _freeCount += decisions.Length;
        }
    }

    /// <summary>Gives up decisions that somebody may still write to.</summary>
    public void Discard(int count)
    {
        lock (_lock)
        {
            _inUse -= count;
        }
    }
}
