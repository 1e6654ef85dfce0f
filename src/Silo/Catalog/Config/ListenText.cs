using System.Globalization;
using System.Net;

namespace Quota.Silo.Catalog.Config;

/// <summary>Addresses to listen on: <c>127.0.0.1:7070</c>, <c>[::1]:7070</c> or <c>localhost:7070</c>.</summary>
public static class ListenText
{
    internal const string Examples = "127.0.0.1:7070, 0.0.0.0:7070, [::]:7070";

    private const string LocalHost = "localhost";

    /// <summary>Reads an address and its port (0 to 65535; 0 picks a free one). <c>localhost</c> is the IPv4 loopback.</summary>
    public static bool TryParse(string text, out IPEndPoint endPoint)
    {
        endPoint = new IPEndPoint(IPAddress.Loopback, 0);
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !TryParsePort(text.AsSpan(colon + 1), out int port))
        {
            return false;
        }
        string host = text[..colon];
        if (host == LocalHost)
        {
            endPoint.Port = port;
            return true;
        }
        bool bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (!IPAddress.TryParse(bracketed ? host[1..^1] : host, out IPAddress? address))
        {
            return false;
        }
        // An IPv6 address without brackets swallows the port; "7070" alone is a valid IPv4 address to the parser.
        bool isV6 = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        if (isV6 != bracketed || (!isV6 && host.Count(c => c == '.') != 3))
        {
            return false;
        }
        endPoint = new IPEndPoint(address, port);
        return true;
    }

    private static bool TryParsePort(ReadOnlySpan<char> text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= IPEndPoint.MaxPort;
}
