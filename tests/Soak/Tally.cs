using System.Text.Json;

namespace Quota.Soak;

/// <summary>
/// What one client knows to have been counted, per key, and everything that was not as it should be. All members take one lock.
/// </summary>
internal sealed class Tally
{
    private const int FaultsMax = 50;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, KeyTally> _keys = [];
    private readonly Dictionary<string, long> _events = [];
    private readonly List<string> _faults = [];

    public void AddUsed(string key, Units units) => Add(key, new KeyTally(units, default));

    public void AddRefunded(string key, Units units) => Add(key, new KeyTally(default, units));

    /// <summary>Counts something that happened, for the report.</summary>
    public void Note(string what, long times = 1)
    {
        lock (_gate)
        {
            _events[what] = _events.GetValueOrDefault(what) + times;
        }
    }

    /// <summary>An answer that no silo may give.</summary>
    public void Fault(string text)
    {
        lock (_gate)
        {
            if (_faults.Count < FaultsMax)
            {
                _faults.Add(text);
            }
        }
    }

    public string ToJson()
    {
        lock (_gate)
        {
            return JsonSerializer.Serialize(new TallyFile(_keys, _events, _faults));
        }
    }

    private void Add(string key, KeyTally more)
    {
        lock (_gate)
        {
            _keys[key] = _keys.GetValueOrDefault(key) + more;
        }
    }
}
