using Microsoft.Extensions.Logging.Abstractions;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Hosting;

namespace Quota.Silo.Tests.Support;

/// <summary>A whole silo within the test's process, with its administration; it can be restarted on its data.</summary>
internal sealed class AdminFixture : IAsyncDisposable
{
    private readonly TempFolder _folder = new();

    private AdminFixture()
    {
    }

    public SiloHost Host { get; private set; } = null!;

    public AdminSilo Admin { get; private set; } = null!;

    public JsonSilo Checks { get; private set; } = null!;

    /// <summary>Starts a silo with this configuration; one that is refused fails the test.</summary>
    public static async Task<AdminFixture> StartAsync(string yaml = "server: {}")
    {
        var fixture = new AdminFixture();
        Assert.Null(await fixture.TryOpenAsync(yaml));
        return fixture;
    }

    /// <summary>Stops the silo and starts it again; the reason if it does not start.</summary>
    public async Task<string?> RestartAsync(string yaml = "server: {}")
    {
        await CloseAsync();
        return await TryOpenAsync(yaml);
    }

    /// <summary>Puts another file in force; the errors if it is refused.</summary>
    public async Task<IReadOnlyList<string>> ReloadAsync(string yaml)
    {
        ConfigResult config = Parse(yaml);
        return [.. (await Host.Definitions!.Service.AdoptAsync(config, config.Settings!, default)).Errors.Select(e => e.ToString())];
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _folder.Dispose();
    }

    private static ConfigResult Parse(string yaml)
    {
        ConfigResult config = ConfigLoader.Parse(yaml, "quota.yaml");
        Assert.Empty(config.Errors);
        return config;
    }

    private async Task<string?> TryOpenAsync(string yaml)
    {
        var settings = new SiloSettings { GrpcListen = "127.0.0.1:0", HttpListen = "127.0.0.1:0", DataDirectory = _folder.File("data"), JournalSegmentBytes = 2 << 20, JournalBytesMax = 16 << 20 };
        (SiloHost? host, string? error) = await SiloHost.StartAsync(settings, Quota.Silo.Catalog.CatalogModel.Empty, new SiloHostOptions { Config = Parse(yaml), SelfTest = false }, NullLoggerFactory.Instance, default);
        if (host is not null)
        {
            Host = host;
            Admin = new AdminSilo(host.Endpoints.Http);
            Checks = new JsonSilo(host.Endpoints.Http);
        }
        return error;
    }

    private async Task CloseAsync()
    {
        Admin?.Dispose();
        Checks?.Dispose();
        if (Host is not null)
        {
            await Host.DisposeAsync();
        }
    }
}
