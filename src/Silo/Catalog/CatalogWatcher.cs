using System.Security.Cryptography;
using System.Threading.Channels;
using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Hosting;
using Quota.Silo.Store;

namespace Quota.Silo.Catalog;

/// <summary>
/// Keeps the catalog in step with its file. A change is noticed by the directory's events, and by a look at the file twice a
/// second should those be lost; once the file has stopped changing it is read, validated and put in force. A bad file is
/// refused with all of its errors in the log, and what was in force stays in force.
/// <para>
/// Safety: one loop reads the file and has it put in force, so reloads never overtake each other. Events and requests only wake
/// the loop. What decides is the file's content, compared by hash: a wake-up too many costs one read, and a wake-up that comes
/// while the loop is reading is kept for another turn, so the last content always gets its turn.
/// </para>
/// </summary>
public sealed class CatalogWatcher : IAsyncDisposable
{
    private readonly string _path;
    private readonly SiloSettings _running;
    private readonly IConfigTarget _target;
    private readonly ILogger<CatalogWatcher> _logger;
    private readonly TimeProvider _time;
    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FileEvents? _events;
    private ITimer? _poll;
    private Task _loop = Task.CompletedTask;
    private FileFingerprint _seen;
    private byte[] _contentHash;
    private int _wanted;
    private volatile CatalogReload? _last;

    /// <param name="path">The configuration file.</param>
    /// <param name="initial">The file as it was read at start, valid. A later <c>server</c> section that differs is reported, not adopted.</param>
    /// <param name="target">Has the file as it was read at start in force; later ones are put there.</param>
    /// <param name="logger">Told of every reload.</param>
    /// <param name="time">Paces the looks at the file.</param>
    public CatalogWatcher(string path, ConfigResult initial, IConfigTarget target, ILogger<CatalogWatcher> logger, TimeProvider time)
    {
        _path = Path.GetFullPath(path);
        Invariant.Check(initial.IsValid);
        _running = initial.Settings;
        _contentHash = initial.ContentHash;
        _target = target;
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
        _events = new FileEvents(_path, () => Post(Wake.Event), _logger);
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
                await ReloadAsync(isRequested: wanted.HasFlag(Wake.Request));
            }
        }
        catch (OperationCanceledException)
        {
            CatalogLog.Stopped(_logger, _path);
        }
        catch (Exception e)
        {
            // A fault of the program: said at once, and thrown again when the watch is disposed.
            CatalogLog.Failed(_logger, e, _path);
            throw;
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

    private async Task ReloadAsync(bool isRequested)
    {
        bool isRead = ConfigFile.TryRead(_path, out byte[] bytes, out ConfigError? error);
        // An unreadable file has no content; its hash is that of its message, so that it is reported once.
        byte[] hash = SHA256.HashData(isRead ? bytes : System.Text.Encoding.UTF8.GetBytes(error!.ToString()));
        if (hash.AsSpan().SequenceEqual(_contentHash) && !isRequested)
        {
            return;
        }
        _contentHash = hash;
        ConfigResult result = isRead ? ConfigLoader.Parse(bytes, _path) : ConfigResult.Invalid([error!]);
        CatalogChange? change = null;
        if (result.IsValid)
        {
            try
            {
                (change, IReadOnlyList<ConfigError> errors) = await _target.AdoptAsync(result, _running, _stop.Token);
                result = change is null ? ConfigResult.Invalid(errors) : result;
            }
            catch (StoreException e)
            {
                // Tried again at the next look, though the file has not changed.
                (_contentHash, _seen) = ([], default);
                result = ConfigResult.Invalid([new ConfigError(_path, 0, 0, "", e.Message)]);
            }
        }
        if (change is null)
        {
            CatalogLog.Refused(_logger, _path, result.Errors);
        }
        else
        {
            CatalogLog.Adopted(_logger, _path, change);
        }
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
