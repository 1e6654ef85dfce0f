using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Quota.Chaos.Running;

/// <summary>A silo's addresses, and its configuration file.</summary>
internal sealed class SiloConfiguration
{
    /// <param name="plan">What it shares with the others.</param>
    /// <param name="name">The silo's.</param>
    /// <param name="storePort">Where it reaches the store; null for a silo by itself.</param>
    /// <param name="primary">Under Orleans the silo that keeps the membership: its address, or null if the store keeps it.</param>
    public SiloConfiguration(ClusterPlan plan, string name, int? storePort, string? primary)
    {
        File = Path.Combine(plan.Folder, plan.Set, name + ".yaml");
        string text = $$"""
            server:
              grpc_listen: {{Address}}
              http_listen: {{FreeAddress()}}
              data_directory: {{Path.Combine(plan.Folder, plan.Set, name)}}
              journal: { segment_bytes: 4MiB, bytes_max: 256MiB }
              checkpoint_interval: 2s

            """;
        if (storePort is { } port)
        {
            text += $"""
                  executor: {plan.Executor}
                  silo: {name}
                  store:
                    {plan.Store!.Settings(port, plan.Set)}

                """;
        }
        if (plan.Executor == SiloProgram.Orleans)
        {
            // A partition is a row that its owner writes when it takes it: of the default 1,024 an emulated store needs seconds for each join.
            text += $$"""
                  partitions: 64
                  orleans:
                    cluster: {{plan.Set}}
                    address: {{OrleansAddress}}
                    membership: {{(plan.HasKeeper ? "localhost" : "store")}}

                """ + (plan.HasKeeper ? $"    primary: {primary ?? OrleansAddress}\n" : "");
        }
        System.IO.File.WriteAllText(File, text + plan.Namespaces);
    }

    public string File { get; }

    /// <summary>Of gRPC.</summary>
    public string Address { get; } = FreeAddress();

    /// <summary>Where other silos reach it under Orleans.</summary>
    public string OrleansAddress { get; } = FreeAddress();

    // Below the ports that the system gives to outgoing connections: one of those, tried again and again while the silo is down,
    // could otherwise be given the very port it connects to, and keep the silo from it.
    private static string FreeAddress()
    {
        while (true)
        {
            int port = Random.Shared.Next(20_000, 32_000);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
            }
            catch (SocketException)
            {
                // In use: another one is tried.
            }
        }
    }
}
