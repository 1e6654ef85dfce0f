namespace Quota.Chaos.Faults;

/// <summary>What the clients know of one key: between how many units were counted.</summary>
internal sealed class Book
{
    private readonly Lock _gate = new();
    private long _least;
    private long _most;

    public (long Least, long Most) Units
    {
        get
        {
            lock (_gate)
            {
                return (_least, _most);
            }
        }
    }

    /// <summary>These were counted.</summary>
    public void Counted(long units) => Add(units, units);

    /// <summary>Nobody said whether these were counted.</summary>
    public void Unknown(long units) => Add(0, units);

    private void Add(long least, long most)
    {
        lock (_gate)
        {
            _least += least;
            _most += most;
        }
    }
}
