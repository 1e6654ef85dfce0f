using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Hammer;

// An independent client for crash tests: checks random keys of a namespace over gRPC, unary and in batches, until the
// connection breaks or the time is up, and prints one line per key: "key sent acknowledged". It shares no code with the silo
// but the message definitions.
//   Quota.Hammer <address> <namespace> <keys> <concurrency> <seconds> <seed>
if (args.Length != 6)
{
    Console.Error.WriteLine("usage: Quota.Hammer <address> <namespace> <keys> <concurrency> <seconds> <seed>");
    return 2;
}
string owner = args[1];
int keys = int.Parse(args[2], CultureInfo.InvariantCulture);
int concurrency = int.Parse(args[3], CultureInfo.InvariantCulture);
using var timeUp = new CancellationTokenSource(TimeSpan.FromSeconds(double.Parse(args[4], CultureInfo.InvariantCulture)));
int seed = int.Parse(args[5], CultureInfo.InvariantCulture);
Tally[] tallies = [.. Enumerable.Range(0, keys).Select(_ => new Tally())];
using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
{
    BaseAddress = new Uri($"http://{args[0]}"),
    DefaultRequestVersion = HttpVersion.Version20,
    DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
};

await Task.WhenAll(Enumerable.Range(0, concurrency).Select(WorkAsync));
for (int i = 0; i < keys; i++)
{
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"k{i} {tallies[i].Sent} {tallies[i].Acknowledged}"));
}
return 0;

async Task WorkAsync(int worker)
{
    var random = new Random((seed * 1000) + worker);
    try
    {
        while (!timeUp.IsCancellationRequested)
        {
            if (worker % 4 == 0)
            {
                await BatchAsync(random);
            }
            else
            {
                await UnaryAsync(random);
            }
        }
    }
    catch (Exception e) when (e is HttpRequestException or IOException or InvalidDataException)
    {
        // The silo is gone: that is what the test is about.
    }
}

CheckQuotaRequest Next(Random random, out Tally tally)
{
    int key = random.Next(keys);
    int cost = random.Next(1, 4);
    tally = tallies[key];
    tally.AddSent(cost);
    return new CheckQuotaRequest { Namespace = owner, Key = "k" + key.ToString(CultureInfo.InvariantCulture), Cost = cost };
}

async Task UnaryAsync(Random random)
{
    CheckQuotaRequest request = Next(random, out Tally tally);
    byte[] answer = await CallAsync("CheckQuota", request);
    if (CheckQuotaResponse.Parser.ParseFrom(answer).Allowed)
    {
        tally.AddAcknowledged(request.Cost);
    }
}

async Task BatchAsync(Random random)
{
    var request = new CheckQuotaBatchRequest();
    var touched = new List<Tally>();
    for (int i = 0; i < 20; i++)
    {
        request.Checks.Add(Next(random, out Tally tally));
        touched.Add(tally);
    }
    var response = CheckQuotaBatchResponse.Parser.ParseFrom(await CallAsync("CheckQuotaBatch", request));
    for (int i = 0; i < touched.Count; i++)
    {
        if (response.Results[i].Response is { Allowed: true })
        {
            touched[i].AddAcknowledged(request.Checks[i].Cost);
        }
    }
}

async Task<byte[]> CallAsync(string method, IMessage request)
{
    byte[] message = request.ToByteArray();
    byte[] frame = new byte[5 + message.Length];
    BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
    message.CopyTo(frame, 5);
    using var call = new HttpRequestMessage(HttpMethod.Post, "/quota.v1.QuotaService/" + method)
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Content = new ByteArrayContent(frame),
    };
    call.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
    call.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
    using HttpResponseMessage response = await client.SendAsync(call);
    byte[] body = await response.Content.ReadAsByteArrayAsync();
    string status = (response.TrailingHeaders.TryGetValues("grpc-status", out IEnumerable<string>? trailer) || response.Headers.TryGetValues("grpc-status", out trailer))
        ? trailer.First() : "missing";
    if (status != "0" || body.Length < 5)
    {
        throw new InvalidDataException($"grpc-status {status}");
    }
    return body[5..];
}
