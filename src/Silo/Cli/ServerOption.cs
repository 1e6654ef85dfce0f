using System.CommandLine;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Cli;

/// <summary>The option that names the silo a command talks to.</summary>
internal static class ServerOption
{
    public const string Default = "http://127.0.0.1:7071";

    public static Option<string> Create()
    {
        var option = new Option<string>("--server") { Description = "A silo's HTTP address.", DefaultValueFactory = _ => Default, HelpName = "url" };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } text && !(Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https"))
            {
                result.AddError($"--server: {Quoted.Text(text)} is not an http:// or https:// address (example: {Default})");
            }
        });
        return option;
    }

    /// <summary>A client of that silo; bulk work takes as long as it takes.</summary>
    public static HttpClient Connect(string server) => new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = new Uri(server),
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>What a silo said instead of doing what it was asked: the detail of its problem document.</summary>
    public static async Task<string> ProblemAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        string body = await response.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(body);
            string detail = document.RootElement.TryGetProperty("detail", out System.Text.Json.JsonElement text) ? text.ToString() : body;
            return document.RootElement.TryGetProperty("field", out System.Text.Json.JsonElement field) ? $"{field}: {detail}" : detail;
        }
        catch (System.Text.Json.JsonException)
        {
            return $"{(int)response.StatusCode} {response.ReasonPhrase}";
        }
    }
}
