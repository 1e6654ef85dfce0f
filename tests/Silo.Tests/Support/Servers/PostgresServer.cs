using System.Diagnostics;
using System.Globalization;

namespace Quota.Silo.Tests.Support.Servers;

/// <summary>
/// A PostgreSQL server of its own in a temporary folder, on a loopback port, with the settings a production server has (fsync on).
/// PostgreSQL refuses to run as root: then it runs as the user <c>postgres</c>.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private ServerProcess _process;
    private readonly string _folder;

    private PostgresServer(ServerProcess process, string folder, int port) => (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    /// <summary>For the superuser of the test server.</summary>
    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={Port};Username=quota;Database=postgres");

    /// <summary>Why it cannot be started here, or null.</summary>
    public static string? Missing { get; } = Programs is null
        ? "no PostgreSQL server: install postgresql"
        : Environment.IsPrivilegedProcess && ServerPaths.Find("setpriv") is null ? "running as root without setpriv: install util-linux" : null;

    /// <summary>The folder of initdb and postgres: the newest of Debian's, or where the PATH has them.</summary>
    private static string? Programs => Debian().Append(Path.GetDirectoryName(ServerPaths.Find("initdb")))
        .FirstOrDefault(folder => folder is not null && File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));

    public static async Task<PostgresServer> StartAsync()
    {
        string folder = Directory.CreateTempSubdirectory("quota-pg-").FullName;
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync(new ProcessStartInfo("chown", ["postgres", folder]));
        }
        string data = Path.Combine(folder, "data");
        await RunAsync(AsUser(folder, "initdb", "-D", data, "-U", "quota", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"));
        int port = ServerProcess.FreePort();
        var server = new PostgresServer(await LaunchAsync(folder, port), folder, port);
        // The process ends by itself; its folder has to be deleted as well.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(20));
        return server;
    }

    /// <summary>Ends it at once, as a crash does, and starts it again on what it has kept.</summary>
    public async Task RestartAsync()
    {
        await _process.KillAsync("QUIT");
        _process = await LaunchAsync(_folder, Port);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private static Task<ServerProcess> LaunchAsync(string folder, int port)
    {
        string data = Path.Combine(folder, "data");
        ProcessStartInfo start = AsUser(
            folder, "postgres", "-D", data, "-p", port.ToString(CultureInfo.InvariantCulture),
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200");
        // Not the port: it is open before connections are accepted.
        return ServerProcess.StartAsync(start, () => IsReadyAsync(data), Interrupt);
    }

    /// <summary>The last line of postmaster.pid.</summary>
    private static async Task<bool> IsReadyAsync(string data)
    {
        string path = Path.Combine(data, "postmaster.pid");
        return File.Exists(path) && (await File.ReadAllTextAsync(path)).Contains("ready", StringComparison.Ordinal);
    }

    /// <summary>A fast shutdown: sessions are ended, shared memory is given back.</summary>
    private static Task Interrupt(Process process) => RunAsync(new ProcessStartInfo("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]));

    private static ProcessStartInfo AsUser(string folder, string program, params string[] arguments)
    {
        string path = Path.Combine(Programs!, program);
        // setpriv becomes the program: the process that is started is the server itself.
        ProcessStartInfo start = Environment.IsPrivilegedProcess
            ? new("setpriv", ["--reuid", "postgres", "--regid", "postgres", "--clear-groups", path, .. arguments])
            : new(path, arguments);
        start.WorkingDirectory = folder;
        return start;
    }

    private static async Task RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = await process.StandardError.ReadToEndAsync();
        await output;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{start.FileName} {string.Join(' ', start.ArgumentList)} exits with {process.ExitCode}: {errors}");
        }
    }

    private static IEnumerable<string?> Debian()
    {
        const string Root = "/usr/lib/postgresql";
        return Directory.Exists(Root)
            ? Directory.GetDirectories(Root).OrderByDescending(f => int.TryParse(Path.GetFileName(f), out int version) ? version : 0).Select(f => Path.Combine(f, "bin"))
            : [];
    }
}
