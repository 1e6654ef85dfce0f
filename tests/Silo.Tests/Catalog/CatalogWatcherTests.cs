using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Tests.Catalog;

/// <summary>A changed file is in force within a second, however it was changed; a bad one is refused and the old one stays.</summary>
public sealed class CatalogWatcherTests : IAsyncDisposable
{
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(20);
    private readonly TemporaryDirectory _directory = new();
    private readonly LogRecorder _log = new();
    private readonly CatalogState _state;
    private readonly CatalogWatcher _watcher;

    public CatalogWatcherTests()
    {
        File.WriteAllText(Path, Yaml("first"));
        ConfigResult config = ConfigLoader.Load(Path);
        _state = new CatalogState(config.Catalog!);
        _watcher = new CatalogWatcher(Path, config, new CatalogSwap(_state), _log, TimeProvider.System);
    }

    private string Path => _directory.File("quota.yaml");

    public async ValueTask DisposeAsync()
    {
        await _watcher.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_file_written_in_place_is_adopted()
    {
        _watcher.Start();
        await File.WriteAllTextAsync(Path, Yaml("second"));
        CatalogReload reload = await NextAsync(1);
        // Writing in place empties the file first; a slow machine may see that for long enough to refuse it.
        reload = reload.IsAdopted ? reload : await NextAsync(reload.Sequence + 1);
        Assert.True(reload.IsAdopted);
        AssertInForce("second");
        Assert.Equal("namespaces +1 -1 ~0, plans +1 -1 ~0, keys +1 -1 ~0", reload.Change!.ToString());
        Assert.Contains(_log.Lines, l => l.StartsWith("Information", StringComparison.Ordinal) && l.EndsWith(reload.Change.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_renamed_into_place_is_adopted()
    {
        _watcher.Start();
        Replace(Yaml("second"));
        Assert.True((await NextAsync(1)).IsAdopted);
        AssertInForce("second");
        // The watch outlives the file it began with.
        Replace(Yaml("third"));
        Assert.True((await NextAsync(2)).IsAdopted);
        AssertInForce("third");
    }

    [Fact]
    public async Task A_bad_file_is_refused_and_the_old_one_stays()
    {
        _watcher.Start();
        CatalogModel before = _state.Current;
        Replace("namespaces:\n  a: { sync: x, on_failure: y }\n");
        CatalogReload refused = await NextAsync(1);
        Assert.False(refused.IsAdopted);
        Assert.Same(before, _state.Current);
        Assert.Equal(2, refused.Result.Errors.Count);
        foreach (ConfigError error in refused.Result.Errors)
        {
            Assert.Contains($"Error: {error}", _log.Lines);
        }
        Replace(Yaml("second"));
        Assert.True((await NextAsync(2)).IsAdopted);
        AssertInForce("second");
    }

    [Fact]
    public async Task A_file_that_vanishes_leaves_the_old_one_in_force()
    {
        _watcher.Start();
        CatalogModel before = _state.Current;
        File.Delete(Path);
        Assert.Contains("cannot be read", Assert.Single((await NextAsync(1)).Result.Errors).Message, StringComparison.Ordinal);
        Assert.Same(before, _state.Current);
    }

    [Fact]
    public async Task A_changed_server_section_waits_for_the_next_start()
    {
        _watcher.Start();
        Replace("server: { in_flight_max: 7, journal: { bytes_max: 1GiB } }\n" + Yaml("first"));
        CatalogReload reload = await NextAsync(1);
        Assert.Equal(["server.journal.bytes_max", "server.in_flight_max"], reload.Change!.ServerFields);
        Assert.Contains("Warning: server.in_flight_max has changed and takes effect at the next start", _log.Lines);
    }

    [Fact]
    public async Task A_request_reads_the_file_even_if_nothing_has_changed()
    {
        _watcher.Start();
        _watcher.RequestReload();
        CatalogReload reload = await NextAsync(1);
        Assert.True(reload.Change!.IsEmpty);
    }

    [Fact]
    public async Task A_swapped_directory_link_is_noticed()
    {
        // As Kubernetes mounts a ConfigMap: quota.yaml -> ..data/quota.yaml, ..data -> ..1, and ..data is replaced by a rename.
        string mount = Directory.CreateDirectory(_directory.File("mount")).FullName;
        Version("..1", "first");
        Directory.CreateSymbolicLink(Inside("..data"), "..1");
        File.CreateSymbolicLink(Inside("quota.yaml"), "..data/quota.yaml");
        ConfigResult config = ConfigLoader.Load(Inside("quota.yaml"));
        var state = new CatalogState(config.Catalog!);
        await using var watcher = new CatalogWatcher(Inside("quota.yaml"), config, new CatalogSwap(state), _log, TimeProvider.System);
        watcher.Start();
        Version("..2", "second");
        Directory.CreateSymbolicLink(Inside("..data_tmp"), "..2");
        Assert.Equal(0, Rename(Inside("..data_tmp"), Inside("..data")));
        using var timeout = new CancellationTokenSource(TimeMax);
        Assert.True((await watcher.WaitAsync(1, timeout.Token)).IsAdopted);
        Assert.True(state.Current.Namespaces.TryGet("second"u8, out _));

        string Inside(string name) => System.IO.Path.Combine(mount, name);

        void Version(string name, string content)
        {
            Directory.CreateDirectory(Inside(name));
            File.WriteAllText(System.IO.Path.Combine(Inside(name), "quota.yaml"), Yaml(content));
        }
    }

    [Fact]
    public async Task A_change_behind_a_link_into_another_directory_is_found_without_events()
    {
        string link = System.IO.Path.Combine(Directory.CreateDirectory(_directory.File("other")).FullName, "quota.yaml");
        File.CreateSymbolicLink(link, Path);
        await using var watcher = new CatalogWatcher(link, ConfigLoader.Load(link), new CatalogSwap(_state), _log, TimeProvider.System);
        watcher.Start();
        using var timeout = new CancellationTokenSource(TimeMax);
        // The answer to a request ends the first turn, so that only a later look can find the change.
        watcher.RequestReload();
        await watcher.WaitAsync(1, timeout.Token);
        Replace(Yaml("second"));
        await watcher.WaitAsync(2, timeout.Token);
        AssertInForce("second");
    }

    [Fact]
    public void Another_target_of_the_same_size_and_times_has_another_fingerprint()
    {
        string[] targets = [_directory.File("a"), _directory.File("b")];
        string link = _directory.File("link");
        var seen = new HashSet<FileFingerprint>();
        foreach (string target in targets)
        {
            File.WriteAllText(target, "same");
            File.SetLastWriteTimeUtc(target, DateTime.UnixEpoch);
            File.Delete(link);
            File.CreateSymbolicLink(link, target);
            seen.Add(FileFingerprint.Of(link));
        }
        Assert.Equal(2, seen.Count);
        Assert.Equal(default, FileFingerprint.Of(_directory.File("absent")));
    }

    /// <summary>Replaces one link by another in a single step, as the kubelet does; .NET moves no link over another.</summary>
    [DllImport("libc", EntryPoint = "rename", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int Rename(string from, string to);

    private static string Yaml(string name) =>
        $"namespaces:\n  {name}:\n    plans: {{ p: {{ limits: [{{ name: x, rate: {{ amount: 1, period: 1s }} }}] }} }}\n    keys: {{ k: p }}\n";

    private void Replace(string yaml)
    {
        File.WriteAllText(_directory.File("quota.yaml.tmp"), yaml);
        File.Move(_directory.File("quota.yaml.tmp"), Path, overwrite: true);
    }

    private async Task<CatalogReload> NextAsync(int sequence)
    {
        using var timeout = new CancellationTokenSource(TimeMax);
        return await _watcher.WaitAsync(sequence, timeout.Token);
    }

    private void AssertInForce(string name) => Assert.True(_state.Current.Namespaces.TryGet(Encoding.UTF8.GetBytes(name), out _));

    private sealed class LogRecorder : ILogger<CatalogWatcher>
    {
        private readonly List<string> _lines = [];

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (_lines)
                {
                    return [.. _lines];
                }
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_lines)
            {
                _lines.Add($"{logLevel}: {formatter(state, exception)}");
            }
        }
    }
}
