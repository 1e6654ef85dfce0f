using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Numbers every counter layout this process has met, so that a block needs four bytes to name its own. Append-only.
/// <para>
/// Safe for concurrent use: readers see an array that is replaced, never changed below its length; writers hold the lock. A
/// layout is handed to <c>announce</c> (which puts it into the journal) before its number is known to anybody, so no record can
/// name a layout that precedes it nowhere.
/// </para>
/// </summary>
internal sealed class LayoutRegistry
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, int> _numbers = [];
    private volatile CounterLayout[] _layouts = [];

    public CounterLayout this[int number] => _layouts[number];

    /// <summary>How many there are. Waits for a layout that is being announced right now: one in the journal is always counted.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _layouts.Length;
            }
        }
    }

    /// <summary>The layout's number. A new layout is announced first; if that fails, there is none.</summary>
    public bool TryGetNumber(CounterLayout layout, Func<CounterLayout, bool> announce, out int number)
    {
        lock (_gate)
        {
            if (_numbers.TryGetValue(layout.Id, out number))
            {
                Invariant.Check(_layouts[number].Encoded.AsSpan().SequenceEqual(layout.Encoded));
                return true;
            }
            if (!announce(layout))
            {
                return false;
            }
            number = Append(layout);
            return true;
        }
    }

    /// <summary>Takes in a layout that the store or the journal holds already.</summary>
    public void Restore(CounterLayout layout)
    {
        lock (_gate)
        {
            if (!_numbers.ContainsKey(layout.Id))
            {
                Append(layout);
            }
        }
    }

    /// <summary>The number of a layout that is known by its id.</summary>
    public bool TryFind(ulong id, out int number)
    {
        lock (_gate)
        {
            return _numbers.TryGetValue(id, out number);
        }
    }

    private int Append(CounterLayout layout)
    {
        int number = _layouts.Length;
        _layouts = [.. _layouts, layout];
        _numbers.Add(layout.Id, number);
        return number;
    }
}
