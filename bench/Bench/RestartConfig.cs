using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;

namespace Quota.Bench;

/// <summary>The configuration file the restarted silo is given, and its command line.</summary>
internal sealed record RestartConfig(string Folder, int GrpcPort, int HttpPort)
{
    public const string Namespace = "bench";
    public const string PlanName = "p";

    /// <summary>The product's own program, which the build puts beside this one.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, "quota");

    public string ConfigPath => Path.Combine(Folder, "quota.yaml");

    public string DataDirectory => Path.Combine(Folder, "data");

    public string[] Arguments => ["serve", "--config", ConfigPath];

    /// <summary>The file as the product reads it.</summary>
    public CatalogModel LoadCatalog()
    {
        ConfigResult result = ConfigLoader.Load(ConfigPath);
        return result.IsValid ? result.Catalog : throw new InvalidOperationException(string.Join(" | ", result.Errors));
    }

    /// <summary>No checkpoint comes in between by the clock, so the journal keeps what is to be replayed.</summary>
    public Task WriteAsync() => File.WriteAllTextAsync(ConfigPath, $$"""
        server:
          grpc_listen: 127.0.0.1:{{GrpcPort}}
          http_listen: 127.0.0.1:{{HttpPort}}
          data_directory: {{DataDirectory}}
          checkpoint_interval: 1h
        namespaces:
          {{Namespace}}:
            unknown_keys: default_plan
            default_plan: {{PlanName}}
            sync: commit
            plans:
              {{PlanName}}:
                limits:
                  - name: rate
                    rate: { amount: 1_000_000_000, period: 1s }
                  - name: burst
                    rate: { amount: 1_000_000, period: 1s, algorithm: token_bucket, burst: 1_000_000 }
                  - name: month
                    quota: { amount: 1_000_000_000_000, period: month, time_zone: UTC }
        """);
}
