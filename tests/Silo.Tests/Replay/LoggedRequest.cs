using System.Text;
using Quota.Silo.Replay;

namespace Quota.Silo.Tests.Replay;

/// <summary>A line of an access log as a check: who is counted, when, and the request's attributes.</summary>
internal sealed record LoggedRequest(string Client, long Ms, Dictionary<string, string> Attributes)
{
    public static LoggedRequest Of(in AccessLogLine line)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        Add("route", line.Path);
        Add("method", line.Method);
        Add("status", line.StatusText);
        Add("user_agent", line.UserAgent);
        return new LoggedRequest(Encoding.UTF8.GetString(line.Client), line.UnixMs, attributes);

        void Add(string name, ReadOnlySpan<byte> value)
        {
            if (!value.IsEmpty)
            {
                // Logs are ASCII here, so characters are bytes.
                attributes.Add(name, Encoding.UTF8.GetString(value[..Math.Min(value.Length, 256)]));
            }
        }
    }
}
