using Quota.Silo.Journal;

namespace Quota.Silo.Tests.Journal;

/// <summary>
/// A directory in memory that knows what a power cut leaves behind: of writes that were not synced any subset of 512-byte
/// sectors, each in any of its versions; of renames, creations and deletions that were not synced any prefix. It records what
/// happened in order, and fails where a test asks it to.
/// </summary>
internal sealed class SimulatedDisk : IJournalFiles
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SimulatedFile> _names = [];
    private readonly List<Action<Dictionary<string, SimulatedFile>>> _unsyncedNames = [];
    private Dictionary<string, SimulatedFile> _durableNames = [];
    private bool _isLocked;

    public string Location => "simulated";

    /// <summary>Called before every operation, with its name (<c>write</c>, <c>sync</c>, <c>create</c>, <c>rename</c>, …) and the file's.</summary>
    public Action<string, string>? Before { get; set; }

    /// <summary>Called after every sync of a file.</summary>
    public Action? Synced { get; set; }

    public IEnumerable<string> Names
    {
        get
        {
            lock (_lock)
            {
                return [.. _names.Keys];
            }
        }
    }

    public IDisposable? TryLock()
    {
        lock (_lock)
        {
            if (_isLocked)
            {
                return null;
            }
            _isLocked = true;
            return new Unlocker(this);
        }
    }

    public IReadOnlyList<string> List() => [.. Names];

    public IJournalFile Open(string name)
    {
        Before?.Invoke("open", name);
        lock (_lock)
        {
            return _names.TryGetValue(name, out SimulatedFile? file) ? new Handle(this, file, name) : throw new FileNotFoundException(name);
        }
    }

    public IJournalFile Create(string name, long bytes)
    {
        Before?.Invoke("create", name);
        lock (_lock)
        {
            SimulatedFile file = new(bytes);
            Change(names => names[name] = file);
            return new Handle(this, file, name);
        }
    }

    public void Rename(string from, string to)
    {
        Before?.Invoke("rename", from);
        lock (_lock)
        {
            SimulatedFile file = _names[from];
            Change(names =>
            {
                names.Remove(from);
                names[to] = file;
            });
        }
    }

    public void Delete(string name)
    {
        Before?.Invoke("delete", name);
        lock (_lock)
        {
            Change(names => names.Remove(name));
        }
    }

    public void SyncDirectory()
    {
        Before?.Invoke("syncdir", "");
        lock (_lock)
        {
            _durableNames = new Dictionary<string, SimulatedFile>(_names);
            _unsyncedNames.Clear();
        }
    }

    /// <summary>What the death of the process does.</summary>
    public void ReleaseLock()
    {
        lock (_lock)
        {
            _isLocked = false;
        }
    }

    /// <summary>The bytes of a file as a running system sees them; changes to them are seen by it.</summary>
    public byte[] Content(string name)
    {
        lock (_lock)
        {
            return _names[name].Content;
        }
    }

    /// <summary>Cuts the power: what a new start finds. This disk goes on living, in a world that is not looked at any more.</summary>
    public SimulatedDisk CutPower(Random random)
    {
        lock (_lock)
        {
            Dictionary<string, SimulatedFile> names = new(_durableNames);
            foreach (Action<Dictionary<string, SimulatedFile>> change in _unsyncedNames.Take(random.Next(_unsyncedNames.Count + 1)))
            {
                change(names);
            }
            return From(names.ToDictionary(pair => pair.Key, pair => pair.Value.AfterPowerCut(random)));
        }
    }

    /// <summary>A copy of what the running system sees, all of it durable.</summary>
    public SimulatedDisk Copy()
    {
        lock (_lock)
        {
            return From(_names.ToDictionary(pair => pair.Key, pair => pair.Value.Content.ToArray()));
        }
    }

    public static SimulatedDisk From(IReadOnlyDictionary<string, byte[]> files)
    {
        SimulatedDisk disk = new();
        foreach ((string name, byte[] content) in files)
        {
            disk._names[name] = new SimulatedFile(content);
        }
        disk._durableNames = new Dictionary<string, SimulatedFile>(disk._names);
        return disk;
    }

    private void Change(Action<Dictionary<string, SimulatedFile>> change)
    {
        change(_names);
        _unsyncedNames.Add(change);
    }

    private sealed class Unlocker(SimulatedDisk disk) : IDisposable
    {
        public void Dispose() => disk.ReleaseLock();
    }

    private sealed class Handle(SimulatedDisk disk, SimulatedFile file, string name) : IJournalFile
    {
        public long Length => file.Content.Length;

        public int Read(Span<byte> buffer, long offset)
        {
            disk.Before?.Invoke("read", name);
            lock (disk._lock)
            {
                int bytes = (int)Math.Clamp(file.Content.Length - offset, 0, buffer.Length);
                file.Content.AsSpan((int)offset, bytes).CopyTo(buffer);
                return bytes;
            }
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            disk.Before?.Invoke("write", name);
            lock (disk._lock)
            {
                file.Write(bytes, (int)offset);
            }
        }

        public void Sync()
        {
            // Only what was written before the sync began is promised: that is the least a disk may keep.
            int writes;
            lock (disk._lock)
            {
                writes = file.UnsyncedWrites;
            }
            disk.Before?.Invoke("sync", name);
            lock (disk._lock)
            {
                file.Sync(writes);
            }
            disk.Synced?.Invoke();
        }

        public void Dispose()
        {
        }
    }
}
