using System.Security.Cryptography;
using System.Threading.Channels;
using Quota.Contracts;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Hosting;

namespace Quota.Silo.Catalog;

/// <summary>
/// Keeps the catalog in step with its file. A change is noticed by the directory's events, and by a look at the file twice a
/// second should those be lost; once the file has stopped changing it is read, validated and put in force. A bad file is
/// refused with all of its errors in the log, and what was in force stays in force.
/// <para>
/// Safety: one loop reads the file and swaps the catalog, so reloads never overtake each other. Events and requests only wake
/// the loop. What decides is the file's content, compared by hash: a wake-up too many costs one read, and a wake-up that comes
/// while the loop is reading is kept for another turn, so the last content always gets its turn.
/// </para>
/// </summary>
public sealed class CatalogWatcher : IAsyncDisposable
{
    private readonly string _path;
    private readonly SiloSettings _running;
    private readonly CatalogState _state;
    private readonly ILogger<CatalogWatcher> _logger;
    private readonly TimeProvider _time;
    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FileSystemWatcher? _events;
    private ITimer? _poll;
    private Task _loop = Task.CompletedTask;
    private FileFingerprint _seen;
    private byte[] _contentHash = [];
    private int _wanted;
    private volatile CatalogReload? _last;

    /// <param name="path">The configuration file.</param>
    /// <param name="running">The settings the silo was started with; other ones in the file are reported, not adopted.</param>
    /// <param name="state">Holds the catalog read at start; later ones are put here.</param>
    /// <param name="logger">Told of every reload.</param>
    /// <param name="time">Paces the looks at the file.</param>
    public CatalogWatcher(string path, SiloSettings running, CatalogState state, ILogger<CatalogWatcher> logger, TimeProvider time)
    {
        _path = Path.GetFullPath(path);
        _running = running;
        _state = state;
        _logger = logger;
        _time = time;
    }

    /// <summary>What the loop is woken for; the stronger includes the weaker.</summary>
    [Flags]
    private enum Wake
    {
        /// <summary>Time for a look at the file's fingerprint.</summary>
        Poll = 1,

        /// <summary>Something happened to the file: its content is compared.</summary>
        Event = 2,

        /// <summary>Somebody asked: an answer is logged even if nothing has changed.</summary>
        Request = 4,
    }

    /// <summary>The latest reload, or null before the first.</summary>
    public CatalogReload? Last => _last;

    /// <summary>Begins to watch. The first turn compares the file with what was read at start.</summary>
    public void Start()
    {
        _loop = Task.Run(RunAsync);
        _events = TryWatch();
        var interval = TimeSpan.FromMilliseconds(Bounds.ConfigPollMs);
        _poll = _time.CreateTimer(_ => Post(Wake.Poll), null, interval, interval);
        Post(Wake.Event);
    }

    /// <summary>Reads the file now, as on SIGHUP.</summary>
    public void RequestReload() => Post(Wake.Request);

    /// <summary>Completes with the first reload whose sequence is at least <paramref name="sequence"/>.</summary>
    public async Task<CatalogReload> WaitAsync(int sequence, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                changed = _changed.Task;
            }
            if (_last is { } last && last.Sequence >= sequence)
            {
                return last;
            }
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _events?.Dispose();
        _poll?.Dispose();
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private FileSystemWatcher? TryWatch()
    {
        try
        {
            var events = new FileSystemWatcher(Path.GetDirectoryName(_path)!)
            {
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.CreationTime,
            };
            events.Changed += OnEvent;
            events.Created += OnEvent;
            events.Deleted += OnEvent;
            events.Renamed += (_, e) => OnEvent(e.Name);
            events.Error += (_, e) => CatalogLog.EventsLost(_logger, e.GetException());
            events.EnableRaisingEvents = true;
            return events;
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // No inotify watch to be had: the looks at the file still find every change.
            CatalogLog.EventsLost(_logger, e);
            return null;
        }
    }

    private void OnEvent(object sender, FileSystemEventArgs e) => OnEvent(e.Name);

    private void OnEvent(string? name)
    {
        // A Kubernetes volume swaps the link "..data" beside the file; other neighbours, such as the data directory, are busy for other reasons.
        if (name is null || name == Path.GetFileName(_path) || name.StartsWith("..", StringComparison.Ordinal))
        {
            Post(Wake.Event);
        }
    }

    private void Post(Wake wake)
    {
        Interlocked.Or(ref _wanted, (int)wake);
        _wakes.Writer.TryWrite(true);
    }

    private async Task RunAsync()
    {
        try
        {
            await foreach (bool _ in _wakes.Reader.ReadAllAsync(_stop.Token))
            {
                var wanted = (Wake)Interlocked.Exchange(ref _wanted, 0);
                if (wanted is 0 or Wake.Poll && FileFingerprint.Of(_path) == _seen)
                {
                    continue;
                }
                await SettleAsync();
                Reload(isRequested: wanted.HasFlag(Wake.Request));
            }
        }
        catch (OperationCanceledException)
        {
            CatalogLog.Stopped(_logger, _path);
        }
    }

    private async Task SettleAsync()
    {
        _seen = FileFingerprint.Of(_path);
        for (int round = 0; round < Bounds.ConfigSettleRoundsMax; round++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Bounds.ConfigSettleMs), _time, _stop.Token);
            FileFingerprint now = FileFingerprint.Of(_path);
            if (now == _seen)
            {
                return;
            }
            _seen = now;
        }
    }

    private void Reload(bool isRequested)
    {
        bool isRead = ConfigFile.TryRead(_path, out byte[] bytes, out ConfigError? error);
        // An unreadable file has no content; its hash is that of its message, so that it is reported once.
        byte[] hash = SHA256.HashData(isRead ? bytes : System.Text.Encoding.UTF8.GetBytes(error!.ToString()));
        bool isFirst = _contentHash.Length == 0;
        if (hash.AsSpan().SequenceEqual(_contentHash) && !isRequested)
        {
            return;
        }
        _contentHash = hash;
        CatalogModel before = _state.Current;
        ConfigResult result = isRead ? ConfigLoader.Parse(bytes, _path, before) : ConfigResult.Invalid([error!]);
        if (!result.IsValid)
        {
            CatalogLog.Refused(_logger, _path, result.Errors);
            Publish(result, null);
            return;
        }
        CatalogChange change = CatalogChange.Between(before, result.Catalog, _running, result.Settings);
        if (isFirst && !isRequested && change.IsEmpty)
        {
            // The file is still as it was read at start.
            return;
        }
        _state.Swap(result.Catalog);
        CatalogLog.Adopted(_logger, _path, change);
        Publish(result, change);
    }

    private void Publish(ConfigResult result, CatalogChange? change)
    {
        lock (_lock)
        {
            _last = new CatalogReload((_last?.Sequence ?? 0) + 1, result, change);
            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
