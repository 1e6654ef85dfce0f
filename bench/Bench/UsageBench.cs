using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Quota.Bench.Load;
using Quota.Bench.Servers;
using Quota.Contracts.V1;

namespace Quota.Bench;

/// <summary>A month's usage of many keys out of a running silo: as a gRPC stream, and by the command that billing uses; with the memory of both sides.</summary>
internal static class UsageBench
{
    private const string Part = "usage";
    private const int Batch = 500;

    public static async Task RunAsync(BenchContext context)
    {
        int keys = context.Quick ? 200_000 : 1_000_000;
        string folder = context.NewFolder(Part);
        var config = new RestartConfig(folder, ServerProcess.FreePort(), ServerProcess.FreePort());
        await config.WriteAsync();
        using ServerProcess silo = ServerProcess.Start(RestartConfig.Program, config.Arguments, config.GrpcPort);
        await silo.WaitForLineAsync("ready:");
        BenchContext.Say($"{Part}: one decision on each of {keys:N0} keys");
        await new StreamLoad(config.GrpcPort, Batch, RestartConfig.Namespace, Detail.Verdict, 0, keys / Batch).RunAsync(TimeSpan.FromMinutes(5), keys / Batch);
        string name = $"{keys:N0} keys";
        context.Add(new(Part, name, "server before", Mebibytes(silo.ResidentBytes()), "MiB"));
        foreach (string turn in new[] { "first", "again" })
        {
            BenchContext.Say($"{Part}: StreamUsage, {turn}");
            Task<double> stream = StreamAsync(config.GrpcPort, keys);
            long peak = await PeakMemory.WhileAsync(silo.ResidentBytes, stream);
            context.Add(new(Part, $"StreamUsage, {name}, {turn}", "time", await stream, "s"));
            context.Add(new(Part, $"StreamUsage, {name}, {turn}", "server peak", Mebibytes(peak), "MiB"));
        }
        foreach (string format in new[] { "csv", "jsonl" })
        {
            await ExportAsync(context, silo, config, format, keys);
        }
        await silo.StopAsync();
        context.Note("usage: one decision per key before; the first stream waits for the checkpoint that brings all of them to the store; memory is sampled every 20 ms");
    }

    private static async Task ExportAsync(BenchContext context, ServerProcess silo, RestartConfig config, string format, int keys)
    {
        BenchContext.Say($"{Part}: quota usage export, {format}");
        string path = Path.Combine(config.Folder, "usage." + format);
        var clock = Stopwatch.StartNew();
        using Process client = Process.Start(new ProcessStartInfo(RestartConfig.Program, ["usage", "export", "--namespace", RestartConfig.Namespace, "--format", format, "--out", path, "--server", $"http://127.0.0.1:{config.HttpPort}"]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        Task<string> errors = client.StandardError.ReadToEndAsync();
        Task<string> output = client.StandardOutput.ReadToEndAsync();
        Task ended = client.WaitForExitAsync();
        long clientPeak = 0;
        long peak = await PeakMemory.WhileAsync(() =>
        {
            client.Refresh();
            clientPeak = Math.Max(clientPeak, client.HasExited ? 0 : client.WorkingSet64);
            return silo.ResidentBytes();
        }, ended);
        double seconds = clock.Elapsed.TotalSeconds;
        int lines = File.Exists(path) ? File.ReadLines(path).Count() : 0;
        if (client.ExitCode != 0 || lines < keys)
        {
            throw new InvalidOperationException($"the export ended with {client.ExitCode} and {lines} lines: {await errors}{await output}");
        }
        string name = $"quota usage export, {format}, {keys:N0} keys";
        context.Add(new(Part, name, "time", seconds, "s"));
        context.Add(new(Part, name, "server peak", Mebibytes(peak), "MiB"));
        context.Add(Measurement.AtMost(Part, name, "client peak", Mebibytes(clientPeak), "MiB", 200));
        context.Add(new(Part, name, "file", Mebibytes(new FileInfo(path).Length), "MiB"));
    }

    /// <summary>Seconds until the trailer, which must tell of every key.</summary>
    private static async Task<double> StreamAsync(int port, int keys)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, InitialHttp2StreamWindowSize = 1024 * 1024 }) { Timeout = Timeout.InfiniteTimeSpan };
        var clock = Stopwatch.StartNew();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/quota.v1.UsageService/StreamUsage")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(GrpcProbe.Frame(new ListUsageRequest { Namespace = RestartConfig.Namespace })),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using Stream rows = await response.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[1024 * 1024];
        int held = 0;
        UsageTrailer? trailer = null;
        for (int read; (read = await rows.ReadAsync(buffer.AsMemory(held))) > 0;)
        {
            held += read;
            int used = 0;
            while (held - used >= 5 && BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(used + 1)) is int length && held - used >= 5 + length)
            {
                ReadOnlySpan<byte> message = buffer.AsSpan(used + 5, length);
                if (message.Length > 0 && message[0] >> 3 == UsageRow.TrailerFieldNumber)
                {
                    trailer = UsageRow.Parser.ParseFrom(message).Trailer;
                }
                used += 5 + length;
            }
            buffer.AsSpan(used, held - used).CopyTo(buffer);
            held -= used;
        }
        return trailer?.Keys >= keys
            ? clock.Elapsed.TotalSeconds
            : throw new InvalidOperationException($"the stream told of {trailer?.Keys} keys: {response.TrailingHeaders}");
    }

    private static double Mebibytes(long bytes) => bytes / 1048576.0;
}
