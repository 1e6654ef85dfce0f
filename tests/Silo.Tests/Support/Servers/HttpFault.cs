namespace Quota.Silo.Tests.Support.Servers;

/// <summary>What <see cref="HttpFaultProxy"/> does with a request.</summary>
/// <param name="Status">Status of an answer that the server never hears of; 0: the request goes on to the server.</param>
/// <param name="Body">That answer's body.</param>
/// <param name="IsLost">The server's answer is thrown away and the connection is closed.</param>
/// <param name="Meanwhile">Awaited before it is closed.</param>
public sealed record HttpFault(int Status = 0, string Body = "", bool IsLost = false, Func<Task>? Meanwhile = null)
{
    /// <summary>An error as DynamoDB sends it.</summary>
    public static HttpFault Error(string type, string message) => new(400, $$"""{"__type":"com.amazonaws.dynamodb.v20120810#{{type}}","message":"{{message}}"}""");
}
