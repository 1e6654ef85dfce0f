using System.Net;
using Quota.Contracts;
using Quota.Silo.Hosting;

namespace Quota.Silo.Catalog.Config;

/// <summary>Reads the <c>server</c> section.</summary>
internal static class ServerReader
{
    private const long MsNs = 1_000_000;
    private static readonly SiloSettings Defaults = new();

    /// <summary>The settings; meaningful if it added no errors.</summary>
    public static SiloSettings Read(FieldReader server)
    {
        var settings = new SiloSettings
        {
            GrpcListen = Listen(server, "grpc_listen", Defaults.GrpcListen),
            HttpListen = Listen(server, "http_listen", Defaults.HttpListen),
            DataDirectory = DataDirectory(server),
            CheckpointIntervalMs = Ms(server, "checkpoint_interval", Bounds.CheckpointIntervalMsMin, Bounds.CheckpointIntervalMsMax, Defaults.CheckpointIntervalMs),
            ResidentBlocksMax = (int)server.Integer("resident_blocks_max", Bounds.ResidentBlocksMin, Bounds.ResidentBlocksMax, Defaults.ResidentBlocksMax),
            InFlightMax = (int)server.Integer("in_flight_max", 1, Bounds.InFlightMax, Defaults.InFlightMax),
            ConnectionsMax = (int)server.Integer("connections_max", 1, Bounds.ConnectionsMax, Defaults.ConnectionsMax),
            DrainTimeoutMs = Ms(server, "drain_timeout", 0, Bounds.DrainTimeoutMsMax, Defaults.DrainTimeoutMs),
            Cluster = ClusterReader.Read(server),
            Silo = ClusterReader.Silo(server),
            Advertise = ClusterReader.Advertise(server),
        };
        if (server.Mapping("journal") is { } journal)
        {
            settings = Journal(journal, settings);
        }
        if (ListenTwice(settings))
        {
            server.Refuse("http_listen", $"{Quoted.Text(settings.HttpListen)} is the address of grpc_listen too");
        }
        server.Finish();
        return settings;
    }

    /// <summary>The fields in which the two differ, as the file names them.</summary>
    public static IReadOnlyList<string> Differences(SiloSettings a, SiloSettings b)
    {
        (string Field, bool Same)[] fields =
        [
            ("server.grpc_listen", a.GrpcListen == b.GrpcListen),
            ("server.http_listen", a.HttpListen == b.HttpListen),
            ("server.data_directory", a.DataDirectory == b.DataDirectory),
            ("server.journal.segment_bytes", a.JournalSegmentBytes == b.JournalSegmentBytes),
            ("server.journal.bytes_max", a.JournalBytesMax == b.JournalBytesMax),
            ("server.checkpoint_interval", a.CheckpointIntervalMs == b.CheckpointIntervalMs),
            ("server.resident_blocks_max", a.ResidentBlocksMax == b.ResidentBlocksMax),
            ("server.in_flight_max", a.InFlightMax == b.InFlightMax),
            ("server.connections_max", a.ConnectionsMax == b.ConnectionsMax),
            ("server.drain_timeout", a.DrainTimeoutMs == b.DrainTimeoutMs),
            ("server.executor", a.Cluster?.Executor == b.Cluster?.Executor),
            ("server.store", Equals(a.Cluster?.Store, b.Cluster?.Store)),
            ("server.orleans", a.Cluster?.Orleans == b.Cluster?.Orleans),
            ("server.partitions", a.Cluster?.Partitions == b.Cluster?.Partitions),
            ("server.silo", a.Silo == b.Silo),
            ("server.advertise", a.Advertise == b.Advertise),
        ];
        return [.. fields.Where(f => !f.Same).Select(f => f.Field)];
    }

    private static SiloSettings Journal(FieldReader journal, SiloSettings settings)
    {
        long segment = journal.Bytes("segment_bytes", Bounds.JournalSegmentBytesMin, Bounds.JournalSegmentBytesMax, settings.JournalSegmentBytes);
        if (segment % Bounds.JournalSegmentBytesMultiple != 0)
        {
            journal.Refuse("segment_bytes", $"{segment} is not a multiple of {Bounds.JournalSegmentBytesMultiple}");
        }
        long total = journal.Bytes("bytes_max", Bounds.JournalSegmentBytesMin, Bounds.JournalBytesMax, settings.JournalBytesMax);
        if (total < Bounds.JournalSegmentsMin * segment)
        {
            journal.Refuse("bytes_max", $"{SizeText.Format(total)} is less than {Bounds.JournalSegmentsMin} segments of {SizeText.Format(segment)}");
        }
        journal.Finish();
        return settings with { JournalSegmentBytes = segment, JournalBytesMax = total };
    }

    private static bool ListenTwice(SiloSettings settings) =>
        ListenText.TryParse(settings.GrpcListen, out IPEndPoint grpc) && ListenText.TryParse(settings.HttpListen, out IPEndPoint http)
        && grpc.Port != 0 && grpc.Equals(http);

    private static string Listen(FieldReader server, string name, string fallback)
    {
        string text = server.Text(name, fallback);
        if (!ListenText.TryParse(text, out _))
        {
            server.Refuse(name, $"{Quoted.Text(text)} is not an address with a port (examples: {ListenText.Examples})");
        }
        return text;
    }

    private static string DataDirectory(FieldReader server)
    {
        string text = server.Text("data_directory", Defaults.DataDirectory);
        if (NameRules.Problem(text, 1, Bounds.SettingBytesMax) is { } problem)
        {
            server.Refuse("data_directory", problem);
        }
        return text;
    }

    private static int Ms(FieldReader server, string name, long minMs, long maxMs, int fallbackMs) =>
        (int)(server.DurationNs(name, minMs * MsNs, maxMs * MsNs, fallbackMs * MsNs) / MsNs);
}
